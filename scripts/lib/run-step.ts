import { spawn } from "node:child_process";

export interface StepResult {
  readonly name: string;
  readonly passed: boolean;
  readonly tookMs: number;
  readonly output: string;
}

/** Runs a command and keeps what it says. */
export function runStep(name: string, command: readonly [string, ...string[]], cwd: string): Promise<StepResult> {
  const [program, ...args] = command;
  const startedMs = performance.now();
  return new Promise((resolve) => {
    const child = spawn(program, args, { cwd, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (output += chunk.toString()));
    const end = (passed: boolean) => resolve({ name, passed, tookMs: performance.now() - startedMs, output });
    child.once("error", (error) => {
      output += error.message;
      end(false);
    });
    child.once("exit", (code) => end(code === 0));
  });
}
