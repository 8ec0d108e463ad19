import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** Iceberg's reference REST catalog, on loopback, with its tables in a temporary folder. */
export interface ReferenceCatalog {
  readonly url: string;
  /** Where its tables lie. */
  readonly warehouse: string;
  stop(): Promise<void>;
}

const START_MS_MAX = 60_000;

/** Starts it with the jars beside `inject("means").icebergCatalog`. Takes two or three seconds. */
export async function startReferenceCatalog(done: string): Promise<ReferenceCatalog> {
  const folder = mkdtempSync(join(tmpdir(), "mill-reference-catalog-"));
  const warehouse = join(folder, "warehouse");
  mkdirSync(warehouse);
  const source = join(import.meta.dirname, "iceberg-catalog", "Catalog.java");
  // Into a file: a test that waits for a command reads no pipe meanwhile, and a full one would stop the server.
  const log = join(folder, "log");
  const child = spawn("java", ["-Xmx256m", "-cp", join(dirname(done), "*"), source, folder], {
    stdio: ["ignore", "pipe", openSync(log, "w")],
  });
  let said = "";
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  const port = await new Promise<string>((resolve, reject) => {
    const fail = () =>
      reject(new Error(`the reference catalog did not start: ${said}${readFileSync(log, "utf8").slice(-2_000)}`));
    const timer = setTimeout(() => {
      child.kill("SIGKILL");
      fail();
    }, START_MS_MAX);
    child.once("close", fail);
    child.stdout?.on("data", (chunk: Buffer) => {
      said += chunk.toString();
      const found = /ready (\d+)/.exec(said)?.[1];
      if (found === undefined) return;
      clearTimeout(timer);
      resolve(found);
    });
  });
  return {
    url: `http://127.0.0.1:${port}`,
    warehouse,
    stop: async () => {
      child.kill("SIGKILL");
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
