import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isAlive } from "./processes.ts";
import { occupyPort } from "./project.ts";

/** A PostgreSQL server of the tests' own, in a temporary folder, with a password. */
export interface PostgresServer {
  /** With the password in it. */
  readonly url: string;
  readonly password: string;
  /** Starts it again after it was stopped or killed; recovers first, as it does. */
  start(): void;
  /** Ends all of its processes at once, without any farewell. */
  kill(): void;
  /** Stops it and removes its folder. */
  remove(): void;
}

const PASSWORD = "correct-horse-battery";
/** Whom root becomes: the server refuses to run as root. */
const USER = "postgres";

/** Makes and starts a server with the programs of a folder: `inject("means").postgres`. Takes two or three seconds. */
export async function startPostgres(programs: string): Promise<PostgresServer> {
  const folder = mkdtempSync(join(tmpdir(), "mill-postgres-"));
  const data = join(folder, "data");
  const log = join(folder, "log");
  const passwordFile = join(folder, "password");
  const port = await freePort();
  writeFileSync(passwordFile, PASSWORD);
  chmodSync(folder, 0o755);
  const asRoot = process.getuid?.() === 0;
  if (asRoot) execFileSync("chown", ["-R", USER, folder]);
  const run = (program: string, args: readonly string[]) => {
    const command = [join(programs, program), ...args];
    const [file = "", ...rest] = asRoot
      ? ["setpriv", `--reuid=${USER}`, `--regid=${USER}`, "--clear-groups", ...command]
      : command;
    try {
      execFileSync(file, rest, {
        cwd: folder,
        stdio: ["ignore", "ignore", "pipe"],
        env: { PATH: process.env["PATH"], LC_ALL: "C.UTF-8" },
      });
    } catch (error) {
      throw new Error(`${program} failed: ${String(error)} ${readIfThere(log).slice(-2_000)}`, { cause: error });
    }
  };
  run("initdb", [
    "-D",
    data,
    "-U",
    "mill",
    `--pwfile=${passwordFile}`,
    "--auth=scram-sha-256",
    "--no-sync",
    "-E",
    "UTF8",
  ]);
  const options = `-p ${port} -c listen_addresses=127.0.0.1 -c unix_socket_directories=`;
  const start = () => run("pg_ctl", ["start", "-w", "-D", data, "-l", log, "-o", options]);
  start();
  return {
    url: `postgresql://mill:${PASSWORD}@127.0.0.1:${port}/postgres`,
    password: PASSWORD,
    start,
    kill: () => {
      const pidFile = join(data, "postmaster.pid");
      killAll(Number(readFileSync(pidFile, "utf8").split("\n")[0]));
      // Where nobody buries the dead at once, its number would look like a running server's.
      rmSync(pidFile);
    },
    remove: () => {
      try {
        run("pg_ctl", ["stop", "-m", "immediate", "-w", "-D", data]);
      } catch {
        // It was killed, and not started again.
      }
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function killAll(main: number): void {
  const children = readIfThere(`/proc/${main}/task/${main}/children`).trim().split(" ").filter(Boolean).map(Number);
  for (const pid of [main, ...children]) process.kill(pid, "SIGKILL");
  while ([main, ...children].some((pid) => isAlive(pid))) execFileSync("sleep", ["0.02"]);
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

/** One that the system gives to nobody by itself, also while the server is down. */
async function freePort(): Promise<number> {
  const { port, occupant } = await occupyPort();
  await new Promise((resolve) => occupant.close(resolve));
  return port;
}
