import { spawn } from "node:child_process";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import type { InferenceServer } from "./inference-servers.ts";
import { cpuSecondsOf } from "./processes.ts";

/** What callers found who ask, wait for the answer, and ask again. */
export interface Found {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly refused: number;
  /** Of the server, for each request. */
  readonly cpuUs: number;
}

interface Asking {
  readonly server: Pick<InferenceServer, "pid" | "rest" | "grpc">;
  readonly connections: number;
}

const [WARM_SECONDS, SECONDS] = [1, 4];

/** Over HTTP, from a process of its own: each connection with the bodies one after the other. */
export function askRest({
  server,
  connections,
  path,
  bodies,
}: Asking & { readonly path: string; readonly bodies: readonly string[] }): Promise<Found> {
  return ask(server.pid, { script: "caller.ts", port: server.rest, connections, path, input: bodies.join("\n") });
}

/** The same over gRPC, with one `ModelInferRequest` in base64. */
export function askGrpc({ server, connections, message }: Asking & { readonly message: string }): Promise<Found> {
  return ask(server.pid, { script: "grpc-caller.ts", port: server.grpc, connections, path: "", input: message });
}

async function ask(
  pid: number,
  told: {
    readonly script: string;
    readonly port: number;
    readonly connections: number;
    readonly path: string;
    readonly input: string;
  },
): Promise<Found> {
  const before = cpuSecondsOf(pid);
  const { script, port, connections, path, input } = told;
  const args = [join(import.meta.dirname, script), port, connections, WARM_SECONDS, SECONDS, path].map(String);
  const caller = spawn(process.execPath, args, { stdio: ["pipe", "pipe", "inherit"] });
  caller.stdin.end(input);
  const { asked, ...found } = JSON.parse(await text(caller.stdout)) as Omit<Found, "cpuUs"> & {
    readonly asked: number;
  };
  return { ...found, cpuUs: ((cpuSecondsOf(pid) - before) / asked) * 1e6 };
}
