import assert from "node:assert/strict";
import { hostTensor, writeSafetensors } from "../../../engine/mod.ts";
import { loadCheckpoint } from "../../../models/mod.ts";
import { hubFolder, type HubSettings, hubSettings } from "../../../seven/cli/hub/folder.ts";
import { type HubId, parseHubId } from "../../../seven/cli/hub/id.ts";
import { contents, inFolder } from "../support.ts";
import { type Faults, serveHub, type TestHub } from "./server.ts";

const weights = writeSafetensors({ w: hostTensor(new Float32Array(5000).fill(0.5)) });
const files = {
  "config.json": new TextEncoder().encode(`{"model_type":"vit"}`),
  "model.safetensors": weights,
  "onnx/model.onnx": new Uint8Array(10),
};
const id: HubId = { type: "model", name: "owner/tiny", revision: "main", path: "" };

/** Runs a test with a server of its own and an empty cache. */
async function withHub(
  faults: Faults,
  test: (settings: HubSettings, hub: TestHub, said: string[]) => Promise<void>,
): Promise<void> {
  await inFolder(async (cache) => {
    using hub = serveHub("owner/tiny", files, faults);
    const said: string[] = [];
    await test({ url: hub.url, cache, offline: false, say: (line) => void said.push(line) }, hub, said);
  });
}

const fails = (message: RegExp): object => ({ name: "HubError", message });
const incomplete = (cache: string): string[] => Object.keys(contents(cache)).filter((path) => /incomplete/.test(path));

Deno.test("hf: names are a repository, a revision and a folder", () => {
  const parse = (text: string): unknown => parseHubId("--model", text, "model");
  assert.deepEqual(parse("hf:bert-base-uncased"), { ...id, name: "bert-base-uncased" });
  assert.deepEqual(parse("hf:owner/tiny@v1.0"), { ...id, revision: "v1.0" });
  assert.deepEqual(parse("hf:owner/tiny@refs/pr/1:sub/dir/"), { ...id, revision: "refs/pr/1", path: "sub/dir" });
  for (const bad of ["hf:", "hf:a/b/c", "hf:a b", "hf:owner/tiny:../..", "hf:owner/tiny@../x", "hf:/x"]) {
    assert.throws(() => parse(bad), { name: "UsageError", message: /names no repository; write hf:owner\/name/ });
  }
});

Deno.test("the settings come from the variables that all of the hub's libraries read", () => {
  const settings = (variables: Record<string, string>): HubSettings => hubSettings((name) => variables[name]);
  assert.deepEqual(settings({ HOME: "/h" }), {
    url: "https://huggingface.co",
    cache: "/h/.cache/huggingface/hub",
    offline: false,
  });
  assert.equal(settings({ HOME: "/h", XDG_CACHE_HOME: "/x" }).cache, "/x/huggingface/hub");
  assert.equal(settings({ HF_HOME: "/m", XDG_CACHE_HOME: "/x" }).cache, "/m/hub");
  assert.equal(settings({ HF_HUB_CACHE: "/c", HF_HOME: "/m" }).cache, "/c");
  const { url, token, offline } = settings({ HF_ENDPOINT: "http://mirror/", HF_TOKEN: "t", HF_HUB_OFFLINE: "1" });
  assert.deepEqual([url, token, offline], ["http://mirror", "t", true]);
});

Deno.test("a checkpoint of the hub loads, once, into the layout of the shared cache", async () => {
  await withHub({}, async (settings, hub, said) => {
    const { params, config } = await loadCheckpoint(await hubFolder(id, settings));
    assert.deepEqual([params.w!.data.length, config.model_type], [5000, "vit"]);
    assert.equal(said.length, 2, said.join("\n"));

    const commit = "0123456789abcdef0123456789abcdef01234567";
    const root = `${settings.cache}/models--owner--tiny`;
    assert.equal(await Deno.readTextFile(`${root}/refs/main`), commit);
    assert.deepEqual(await Deno.readFile(`${root}/snapshots/${commit}/model.safetensors`), weights);
    assert.match(await Deno.readLink(`${root}/snapshots/${commit}/config.json`), /^\.\.\/\.\.\/blobs\/[0-9a-f]{40}$/);
    assert.match(await Deno.readLink(`${root}/snapshots/${commit}/model.safetensors`), /blobs\/[0-9a-f]{64}$/);

    const before = hub.requests.filter((path) => path.includes("/resolve/")).length;
    await loadCheckpoint(await hubFolder(id, settings));
    assert.equal(hub.requests.filter((path) => path.includes("/resolve/")).length, before, "nothing is loaded twice");
  });
});

Deno.test("without the network the cache serves: told to stay offline, or the hub out of reach", async () => {
  await withHub({}, async (settings, _hub, said) => {
    await loadCheckpoint(await hubFolder(id, settings));
    const loaded = await loadCheckpoint(await hubFolder(id, { ...settings, offline: true, url: "http://127.0.0.1:9" }));
    assert.equal(loaded.params.w!.data.length, 5000);
    await loadCheckpoint(await hubFolder(id, { ...settings, url: "http://127.0.0.1:9" }));
    assert.match(said.at(-1)!, /the hub cannot be reached .*using the cache/);
    const folder = await hubFolder({ ...id, path: "onnx" }, settings);
    assert.equal(await folder.exists("model.onnx"), true);
    const offline = await hubFolder(id, { ...settings, offline: true });
    assert.equal(await offline.exists("onnx/model.onnx"), false, "it was never loaded");
    await assert.rejects(offline.read("onnx/model.onnx"), fails(/is not in the cache; run once with access/));
  });
});

Deno.test("a data set has routes and a cache folder of its own", async () => {
  await withHub({}, async (settings, hub) => {
    const folder = await hubFolder({ ...id, type: "dataset" }, settings);
    assert.equal((await folder.read("onnx/model.onnx")).length, 10);
    assert.ok(hub.requests.some((path) => path.startsWith("GET /datasets/owner/tiny/resolve/")));
    assert.deepEqual([...Deno.readDirSync(settings.cache)].map(({ name }) => name), ["datasets--owner--tiny"]);
  });
});

Deno.test("a dropped connection leaves nothing behind, and the next run succeeds", async () => {
  await withHub({ drops: { "model.safetensors": 1 } }, async (settings) => {
    const message = /^hf:owner\/tiny@main\/model\.safetensors: the connection ended after \d+ of \d+ bytes.*run again$/;
    await assert.rejects(loadCheckpoint(await hubFolder(id, settings)), fails(message));
    assert.deepEqual(incomplete(settings.cache), []);
    assert.equal((await loadCheckpoint(await hubFolder(id, settings))).params.w!.data.length, 5000);
  });
});

Deno.test("what has another checksum than the hub lists never gets into the cache", async () => {
  for (const path of ["model.safetensors", "config.json"]) {
    await withHub({ corrupt: [path] }, async (settings) => {
      const message = new RegExp(`^hf:owner/tiny@main/${path}: the checksum is [0-9a-f]+, the hub lists [0-9a-f]+`);
      await assert.rejects(loadCheckpoint(await hubFolder(id, settings)), fails(message));
      assert.ok(!Object.keys(contents(settings.cache)).some((name) => name.endsWith(path)));
      assert.deepEqual(incomplete(settings.cache), []);
    });
  }
});

Deno.test("what is refused or not there is said with the remedy", async () => {
  await withHub({ token: "hf_secret" }, async (settings) => {
    await assert.rejects(
      hubFolder(id, settings),
      fails(/^hf:owner\/tiny@main: access is refused \(401\).*set HF_TOKEN/),
    );
    const { params } = await loadCheckpoint(await hubFolder(id, { ...settings, token: "hf_secret" }));
    assert.ok(params.w);
    await assert.rejects(
      hubFolder(id, { ...settings, token: "secret" }),
      fails(/^hf:owner\/tiny@main: HF_TOKEN is no access token of the hub/),
    );
  });
  await withHub({}, async (settings) => {
    const other = { ...id, name: "owner/none" };
    await assert.rejects(hubFolder(other, settings), fails(/^hf:owner\/none@main: there is no such repository/));
    await assert.rejects(hubFolder({ ...id, path: "sub" }, settings), fails(/there is no folder sub/));
    const unreachable = { ...settings, url: "http://127.0.0.1:9", cache: `${settings.cache}/empty` };
    await assert.rejects(
      hubFolder(id, unreachable),
      fails(/http:\/\/127\.0\.0\.1:9 cannot be reached .*or give a folder/),
    );
    const offline = { ...settings, offline: true, cache: `${settings.cache}/empty` };
    await assert.rejects(hubFolder(id, offline), fails(/is not in the cache .*HF_HUB_OFFLINE is set/));
  });
});
