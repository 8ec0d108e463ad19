import { spawnSync } from "node:child_process";
import { join } from "node:path";

/** A text as the house formats files of its name. */
export function formatted(root: string, name: string, text: string): string {
  const { status, stdout, stderr } = spawnSync(
    join(root, "node_modules", ".bin", "oxfmt"),
    [`--stdin-filepath=${name}`],
    {
      cwd: root,
      input: text,
      encoding: "utf8",
    },
  );
  if (status !== 0) throw new Error(`oxfmt: ${stderr}`);
  return stdout;
}
