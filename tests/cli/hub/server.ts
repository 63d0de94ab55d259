/** A server that speaks the routes of the Hugging Face Hub, as much of them as loading needs. */
import { createHash } from "node:crypto";

/** What goes wrong, and with which file. */
export interface Faults {
  /** Files whose connection ends half-way, as often as the number says. */
  readonly drops?: Record<string, number>;
  /** Files that come with other content than is listed. */
  readonly corrupt?: readonly string[];
  /** The token without which everything is refused. */
  readonly token?: string;
}

/** A running server. */
export interface TestHub extends Disposable {
  readonly url: string;
  /** Requests so far: method and path. */
  readonly requests: string[];
}

const commit = "0123456789abcdef0123456789abcdef01234567";

/** Serves one model repository and one data set of the same files. */
export function serveHub(name: string, files: Readonly<Record<string, Uint8Array>>, faults: Faults = {}): TestHub {
  const requests: string[] = [];
  const drops = { ...faults.drops };
  const sha1 = (bytes: Uint8Array): string =>
    createHash("sha1").update(`blob ${bytes.length}\0`).update(bytes).digest("hex");
  const listing = Object.entries(files).map(([path, bytes]) => ({
    type: "file",
    path,
    size: bytes.length,
    oid: sha1(bytes),
    ...(path.endsWith(".safetensors")
      ? { lfs: { oid: createHash("sha256").update(bytes).digest("hex"), size: bytes.length, pointerSize: 134 } }
      : {}),
  }));
  const json = (value: unknown, status = 200): Response => Response.json(value, { status });
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, (request) => {
    const { pathname } = new URL(request.url);
    requests.push(`${request.method} ${pathname}`);
    if (faults.token !== undefined && request.headers.get("Authorization") !== `Bearer ${faults.token}`) {
      return json({ error: "Invalid username or password." }, 401);
    }
    for (const kind of ["", "datasets/"]) {
      const api = `/api/${kind || "models/"}${name}`;
      const found = pathname === `${api}/revision/main` || pathname === `${api}/revision/${commit}`;
      if (found) return json({ id: name, _id: "1", sha: commit, siblings: [], lastModified: "2024-01-01T00:00:00Z" });
      if (pathname === `${api}/tree/${commit}`) return json(listing);
      const prefix = `/${kind}${name}/resolve/${commit}/`;
      if (pathname.startsWith(prefix)) return content(pathname.slice(prefix.length), request);
    }
    return json({ error: "Repository not found" }, 404);
  });

  function content(path: string, request: Request): Response {
    const listed = files[path];
    if (!listed) return json({ error: "Entry not found" }, 404);
    const bytes = faults.corrupt?.includes(path) ? listed.map((byte) => byte ^ 1) : listed;
    const range = /^bytes=(\d+)-(\d+)?$/.exec(request.headers.get("Range") ?? "");
    const start = Number(range?.[1] ?? 0), end = Math.min(bytes.length, Number(range?.[2] ?? Infinity) + 1);
    const headers = { ETag: `"${sha1(listed)}"`, "Content-Range": `bytes ${start}-${end - 1}/${bytes.length}` };
    const part = bytes.slice(start, end);
    if (end - start > 1 && (drops[path] ?? 0) > 0) {
      drops[path]!--;
      const body = new ReadableStream<Uint8Array>({
        start: (controller) => controller.enqueue(part.subarray(0, part.length >> 1)),
        pull: (controller) => controller.close(),
      });
      // Fewer bytes than announced: the connection is cut.
      return new Response(body, { status: 206, headers: { ...headers, "Content-Length": `${part.length}` } });
    }
    return new Response(part, { status: range ? 206 : 200, headers });
  }

  return {
    url: `http://127.0.0.1:${(server.addr as Deno.NetAddr).port}`,
    requests,
    [Symbol.dispose]: () => void server.shutdown(),
  };
}
