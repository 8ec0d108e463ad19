import { millLater } from "../../../e2e/support/project.ts";

/** What a command printed that must succeed. */
export async function mustRunMill(args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await millLater(args);
  if (code !== 0) throw new Error(`mill ${args.join(" ")} ended with ${code}: ${stderr}${stdout}`);
  return stdout;
}
