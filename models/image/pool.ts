/**
 * A decoder over workers: jobs wait in one queue, and an idle worker takes the next.
 *
 * @module
 */
import { DataError } from "../data/error.ts";
import type { ImageDecoder } from "./inline_decoder.ts";
import { prepareFile } from "./prepare_file.ts";
import { type Listener, startThread, type Thread } from "./thread.ts";
import type { Answer, Job } from "./worker.ts";

/** A job and who waits for it. */
interface Pending {
  readonly job: Job;
  resolve(bytes: Uint8Array): void;
  reject(error: unknown): void;
}

interface Member {
  thread: Thread;
  pending: Pending | undefined;
}

/**
 * Opens a decoder over workers.
 *
 * @param workers How many at most; with 0 the asking thread does the work.
 * @param start Starts a worker.
 * @returns The decoder.
 */
export function openPool(workers: number, start: (listener: Listener) => Thread = startThread): ImageDecoder {
  const members: Member[] = [];
  const waiting: Pending[] = [];
  let number = 0;
  let released = false;
  let trouble: string | undefined;

  const inline = ({ job, resolve, reject }: Pending): void =>
    void prepareFile(job.bytes, job.label, job.recipe, job.key).then(resolve, reject);
  const endAll = (): Pending[] => {
    const open = members.flatMap(({ pending }) => pending ?? []).concat(waiting.splice(0));
    for (const { thread } of members.splice(0)) thread.terminate();
    return open;
  };
  const give = (member: Member): void => {
    member.pending = waiting.shift();
    member.thread.busy(member.pending !== undefined);
    if (member.pending) member.thread.post(member.pending.job);
  };
  const fail = (reason: string): void => {
    if (released || trouble !== undefined) return;
    trouble = reason;
    endAll().forEach(inline);
  };
  const finish = (member: Member, answer: Answer): void => {
    const { pending } = member;
    if (released || trouble !== undefined || pending?.job.id !== answer.id) return;
    if ("failure" in answer) return fail(answer.failure);
    if ("bytes" in answer) pending.resolve(answer.bytes);
    else pending.reject(new DataError(answer.fault));
    give(member);
  };
  const startOne = (): void => {
    const member = { pending: undefined } as unknown as Member;
    try {
      member.thread = start({ answer: (answer) => finish(member, answer), failed: fail });
      members.push(member);
    } catch (error) {
      fail(error instanceof Error ? error.message : String(error));
    }
  };

  return {
    get trouble() {
      return trouble;
    },
    prepare(bytes, label, recipe, key) {
      if (released) return Promise.reject(new DataError(`${label}: the decoder was released; open another`));
      if (workers === 0 || trouble !== undefined) return prepareFile(bytes, label, recipe, key);
      return new Promise((resolve, reject) => {
        waiting.push({ job: { id: number++, bytes, label, recipe, key }, resolve, reject });
        const idle = members.find(({ pending }) => pending === undefined);
        if (idle) return give(idle);
        if (members.length === workers) return;
        startOne();
        const started = members.at(-1);
        if (started && started.pending === undefined) give(started);
      });
    },
    [Symbol.dispose]() {
      if (released) return;
      released = true;
      for (const { job, reject } of endAll()) {
        reject(new DataError(`${job.label}: the decoder was released before the picture was ready`));
      }
    },
  };
}
