import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { mill, millJson } from "../support/project.ts";

const root = join(import.meta.dirname, "..", "..");
const versionIn = (file: string) => (JSON.parse(readFileSync(join(root, file), "utf8")) as { version: string }).version;

test("`mill --version` is the version of the workspace and of each package in it", () => {
  const version = versionIn("package.json");
  expect(mill(["--version"])).toMatchObject({ code: 0, stdout: `${version}\n`, stderr: "" });
  expect(millJson(["--version"])).toEqual({ version });
  for (const file of globSync("{packages,apps}/*/package.json", { cwd: root }))
    expect({ file, version: versionIn(file) }).toEqual({ file, version });
});
