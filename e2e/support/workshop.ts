import { spawnSync } from "node:child_process";
import { cpSync, existsSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readlinkSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

const root = join(import.meta.dirname, "..", "..");

/**
 * Copies this checkout, uncommitted changes included, into a new temporary folder. Installed packages are linked to
 * this checkout's; the links between workspaces are made anew, so that the copy's packages import the copy's.
 */
export function copyOfCheckout(): string {
  const copy = mkdtempSync(join(tmpdir(), "mill-checkout-"));
  for (const file of trackedFiles()) {
    if (!existsSync(join(root, file))) continue;
    mkdirSync(dirname(join(copy, file)), { recursive: true });
    cpSync(join(root, file), join(copy, file));
  }
  linkModules(join(root, "node_modules"), join(copy, "node_modules"));
  return copy;
}

function trackedFiles(): readonly string[] {
  const args = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
  const { status, stdout, stderr } = spawnSync("git", args, { cwd: root, encoding: "utf8", maxBuffer: 2 ** 26 });
  if (status !== 0) throw new Error(`git could not list the files of this checkout: ${stderr}`);
  return stdout.split("\0").filter((file) => file !== "");
}

function linkModules(from: string, to: string): void {
  mkdirSync(to);
  for (const name of readdirSync(from)) {
    const isWorkspace = lstatSync(join(from, name)).isSymbolicLink();
    if (name.startsWith("@")) linkModules(join(from, name), join(to, name));
    else if (isWorkspace) symlinkSync(readlinkSync(join(from, name)), join(to, name));
    else if (!name.startsWith(".") || name === ".bin") symlinkSync(join(from, name), join(to, name));
  }
}
