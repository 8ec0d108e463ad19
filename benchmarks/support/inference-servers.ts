import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { childrenOf, commandOf, millPath, root } from "./processes.ts";

/** A server of the Open Inference Protocol, or one that answers with as many bytes. */
export interface InferenceServer {
  readonly name: string;
  readonly process: ChildProcess;
  /** Of the process that answers. */
  readonly pid: number;
  readonly rest: number;
  readonly grpc: number;
}

const support = import.meta.dirname;
const START_MS_MAX = 60_000;

/** What HTTP and gRPC alone take around the model. */
export async function startBare(model: string, features: number): Promise<InferenceServer> {
  const args = [join(support, "bare-inference.ts"), model, String(features)];
  const started = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  const [said] = (await once(started.stdout, "data")) as [Buffer];
  const [rest = 0, grpc = 0] = said.toString().trim().split(" ").map(Number);
  return { name: "bare", process: started, pid: started.pid ?? 0, rest, grpc };
}

/** Whether each request has its line in the log, which goes nowhere then. */
type Logging = "silent" | "logged";

/** `mill serve` on a folder of models, with options where there are some; of several processes the first one's id is told. */
export async function startMill(
  folder: string,
  { logging = "silent", options = [] }: { readonly logging?: Logging; readonly options?: readonly string[] } = {},
): Promise<InferenceServer> {
  const errors = logging === "logged" ? "ignore" : "inherit";
  const args = ["serve", folder, "--port", "0", "--json", ...options];
  const started = spawn(millPath, args, { stdio: ["ignore", "pipe", errors] });
  const [said] = (await once(started.stdout, "data")) as [Buffer];
  const { restPort, grpcPort } = JSON.parse(said.toString()) as {
    readonly restPort: number;
    readonly grpcPort: number;
  };
  if (logging === "logged")
    await fetch(`http://127.0.0.1:${restPort}/v2/logging`, { method: "POST", body: '{"log_verbose_level":1}' });
  // The process itself only keeps the one that serves.
  const pid = childrenOf(started.pid ?? 0).find((child) => commandOf(child).includes("folder-main")) ?? 0;
  return { name: "Millwright", process: started, pid, rest: restPort, grpc: grpcPort };
}

const PEERS = { MLServer: "mlserver", KServe: "kserve" } as const;

/** The other servers with the same model, of those that `benchmarks/support/peers.sh` has made. Says which are not there. */
export async function startPeers(model: string, logging: Logging = "silent"): Promise<readonly InferenceServer[]> {
  const found = Object.entries(PEERS).flatMap(([name, environment]) => {
    const python = join(root, ".venv-peers", environment, "bin", "python");
    if (existsSync(python)) return [{ name, python, program: join(support, `${environment}-peer.py`) }];
    console.error(`NO MEANS  ${name}: needs \`benchmarks/support/peers.sh\`, which makes its Python environment`);
    return [];
  });
  return Promise.all(found.map((peer) => startPeer(peer, { model, logging })));
}

async function startPeer(
  { name, python, program }: { readonly name: string; readonly python: string; readonly program: string },
  { model, logging }: { readonly model: string; readonly logging: Logging },
): Promise<InferenceServer> {
  const ports = await freePorts(3);
  const [rest = 0, grpc = 0] = ports;
  const started = spawn(python, [program, model, logging, ...ports.map(String)], {
    stdio: ["ignore", "ignore", logging === "logged" ? "ignore" : "pipe"],
  });
  let said = "";
  started.stderr?.on("data", (chunk: Buffer) => (said = `${said}${chunk.toString()}`.slice(-4_000)));
  const endMs = performance.now() + START_MS_MAX;
  while (!(await isReady(rest))) {
    if (started.exitCode !== null || performance.now() > endMs) throw new Error(`${name} does not start: ${said}`);
    await setTimeout(200);
  }
  return { name, process: started, pid: started.pid ?? 0, rest, grpc };
}

async function isReady(port: number): Promise<boolean> {
  try {
    return (await fetch(`http://127.0.0.1:${port}/v2/models/trees/ready`)).ok;
  } catch {
    return false;
  }
}

/** Free a moment ago: these servers take no port 0. */
async function freePorts(count: number): Promise<readonly number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer().listen(0, "127.0.0.1");
      await once(server, "listening");
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
