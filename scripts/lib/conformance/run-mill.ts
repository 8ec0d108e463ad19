import { spawn } from "node:child_process";
import { join } from "node:path";

const mill = join(import.meta.dirname, "..", "..", "..", "bin", "mill");

export interface Said {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `mill` as a user would. */
export async function runMill(args: readonly string[]): Promise<Said> {
  const child = spawn(mill, args, { stdio: ["ignore", "pipe", "pipe"] });
  const said = { stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => (said.stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (said.stderr += text));
  const exitCode = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve(code));
  });
  return { exitCode, ...said };
}

/** The same, for what must succeed. */
export async function mustRunMill(args: readonly string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await runMill(args);
  if (exitCode !== 0) throw new Error(`mill ${args.join(" ")} ended with ${exitCode}: ${stderr}${stdout}`);
  return stdout;
}
