import { spawn } from "node:child_process";
import { join } from "node:path";
import { millLater, type Answer } from "../../../e2e/support/project.ts";

export type { Answer };

const launcher = join(import.meta.dirname, "..", "..", "..", "bin", "mill");

/** What a command printed that must succeed. */
export async function mustRunMill(args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await millLater(args);
  if (code !== 0) throw new Error(`mill ${args.join(" ")} ended with ${code}: ${stderr}${stdout}`);
  return stdout;
}

/** Runs a command in a folder, with more in its environment. */
export function spawnMill(
  args: readonly string[],
  { cwd, env }: { readonly cwd: string; readonly env: Readonly<Record<string, string>> },
): Promise<Answer> {
  const child = spawn(launcher, args, { cwd, env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "pipe"] });
  const said = { stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => (said.stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (said.stderr += text));
  return new Promise((resolve) => {
    child.once("close", (code, signal) => resolve({ code, signal, ...said }));
  });
}
