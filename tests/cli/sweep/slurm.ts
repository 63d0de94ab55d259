/** A Slurm of its own: a controller and two virtual nodes on this machine, all state in a folder. */

/** A cluster. Stop it with `await using`. */
export interface Slurm extends AsyncDisposable {
  /** Names of its nodes. */
  readonly nodes: readonly string[];
  /** Runs one of Slurm's commands and gives what it prints. */
  call(command: string, ...args: string[]): Promise<string>;
  /** The logs of its daemons, for messages of tests that fail. */
  logs(): string;
}

/** Programs that it takes, from the Debian packages slurm-wlm and munge. */
const programs = ["sbatch", "squeue", "scontrol", "scancel", "sinfo", "slurmctld", "slurmd", "munged"];

/** Why there can be no cluster here, or nothing. */
export async function whyNoSlurm(): Promise<string | undefined> {
  if (Deno.build.os !== "linux") return "Slurm runs on Linux only";
  if (await printed("id", "-u") !== "0") return "a Slurm of one's own needs root";
  const path = `${Deno.env.get("PATH") ?? ""}:/usr/sbin:/sbin`.split(":");
  for (const program of programs) {
    const places = await Promise.all(path.map((folder) => Deno.stat(`${folder}/${program}`).catch(() => undefined)));
    if (!places.some(Boolean)) {
      return `${program} is not installed: apt-get install --no-install-recommends slurm-wlm munge`;
    }
  }
  return undefined;
}

/** What a program prints. */
async function printed(command: string, ...args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(command, { args, stdout: "piped", stderr: "piped" })
    .output();
  const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes).trim());
  if (!success) throw new Error(`${command} ${args.join(" ")}: ${err}`);
  return out!;
}

/**
 * Starts a cluster of two nodes of one core each. Commands of this process find it by `SLURM_CONF`.
 *
 * Requeued jobs start after some seconds instead of two minutes (`cred_expire`), and what is killed has ten.
 */
export async function startSlurm(folder: string): Promise<Slurm> {
  // Below the range that systems give to connections; nothing may be listened on here to find out what is free.
  const control = 10_000 + 3 * Math.floor(Math.random() * 7000);
  const nodes = ["seven1", "seven2"];
  const host = await printed("hostname", "-s");
  const socket = `${folder}/munge/socket`, conf = `${folder}/slurm.conf`;
  for (const name of ["munge", "state", "spool"]) await Deno.mkdir(`${folder}/${name}`, { mode: 0o755 });
  await Deno.chmod(folder, 0o755);
  await Deno.writeFile(`${folder}/munge/key`, crypto.getRandomValues(new Uint8Array(1024)), { mode: 0o400 });
  await Deno.writeTextFile(
    conf,
    `ClusterName=seven
SlurmctldHost=${host}(127.0.0.1)
SlurmctldPort=${control}
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket=${socket},cred_expire=5
CredType=cred/munge
StateSaveLocation=${folder}/state
SlurmdSpoolDir=${folder}/spool/%n
SlurmctldPidFile=${folder}/slurmctld.pid
SlurmdPidFile=${folder}/slurmd-%n.pid
SlurmctldLogFile=${folder}/slurmctld.log
SlurmdLogFile=${folder}/slurmd-%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MpiDefault=none
ReturnToService=1
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerType=sched/backfill
SchedulerParameters=bf_interval=1,sched_interval=1,sched_min_interval=100000,batch_sched_delay=0
SlurmdParameters=config_overrides
JobRequeue=1
KillWait=10
${
      nodes.map((name, i) => `NodeName=${name} NodeHostname=${host} NodeAddr=127.0.0.1 Port=${control + 1 + i} CPUs=1`)
        .join("\n")
    }
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
`,
  );
  const daemons: Deno.ChildProcess[] = [];
  const start = (program: string, args: string[]): void => {
    const env = { PATH: `${Deno.env.get("PATH")}:/usr/sbin:/sbin`, SLURM_CONF: conf };
    daemons.push(new Deno.Command(program, { args, env, stdin: "null", stdout: "null", stderr: "null" }).spawn());
  };
  Deno.env.set("SLURM_CONF", conf);
  const logs = (): string =>
    [...Deno.readDirSync(folder)].filter(({ name }) => name.endsWith(".log"))
      .map(({ name }) => `${name}:\n${Deno.readTextFileSync(`${folder}/${name}`).slice(-3000)}`).join("\n");
  const slurm: Slurm = {
    nodes,
    call: printed,
    logs,
    [Symbol.asyncDispose]: async () => {
      // Jobs outlive the daemons: end them first.
      await printed("scancel", "--user=root").catch(() => "");
      await until("the end of all jobs", 15, async () => await printed("squeue", "--noheader") === "").catch(() => {});
      for (const daemon of daemons.reverse()) {
        try {
          daemon.kill("SIGTERM");
        } catch { /* has ended */ }
      }
      const late = setTimeout(() => daemons.forEach((daemon) => tryKill(daemon)), 5000);
      await Promise.all(daemons.map(({ status }) => status));
      clearTimeout(late);
      Deno.env.delete("SLURM_CONF");
    },
  };
  try {
    const munge = [`--socket=${socket}`, `--key-file=${folder}/munge/key`, `--pid-file=${folder}/munge/pid`];
    start("munged", [
      "--foreground",
      "--force",
      ...munge,
      `--log-file=${folder}/munge.log`,
      `--seed-file=${folder}/seed`,
    ]);
    await until("munged", 10, async () => (await Deno.stat(socket).catch(() => undefined)) !== undefined);
    start("slurmctld", ["-D", "-f", conf]);
    for (const name of nodes) start("slurmd", ["-D", "-f", conf, "-N", name]);
    await until("nodes", 30, async () => {
      const states = await printed("sinfo", "--noheader", "--Node", "--format=%T").catch(() => "");
      return states.split("\n").filter((state) => state === "idle").length === nodes.length;
    });
    return slurm;
  } catch (error) {
    const told = logs();
    await slurm[Symbol.asyncDispose]();
    throw new Error(`Slurm did not start: ${(error as Error).message}\n${told}`);
  }
}

function tryKill(daemon: Deno.ChildProcess): void {
  try {
    daemon.kill("SIGKILL");
  } catch { /* has ended */ }
}

/** Waits until something holds. */
export async function until(what: string, seconds: number, holds: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 1000 * seconds; Date.now() < end;) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`${what}: not within ${seconds} s`);
}
