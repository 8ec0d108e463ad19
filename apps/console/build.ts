import { createHash } from "node:crypto";
import { existsSync, globSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import react from "@vitejs/plugin-react";
import { build } from "vite";

// Builds the console into dist/ when it is stale. Pages are built aside and take their place at once, so that none is
// served by halves.

// Else the environment of whoever starts the build decides, and a development build names the files it was made from.
process.env["NODE_ENV"] = "production";

const folder = import.meta.dirname;
const dist = join(folder, "dist");
const stamp = sourceHash();
const isFresh = existsSync(join(dist, "built.txt")) && readFileSync(join(dist, "built.txt"), "utf8") === stamp;
if (!isFresh) {
  const aside = join(folder, `dist.${process.pid}`);
  await build({
    root: folder,
    configFile: false,
    logLevel: "warn",
    plugins: [react()],
    build: { outDir: aside, emptyOutDir: true, target: "es2023", assetsInlineLimit: 0, chunkSizeWarningLimit: 900 },
  });
  writeFileSync(join(aside, "built.txt"), stamp);
  rmSync(dist, { recursive: true, force: true });
  renameSync(aside, dist);
}

/** Names the state of everything that the pages are made from. */
function sourceHash(): string {
  const root = join(folder, "..", "..");
  const own = globSync(["index.html", "build.ts", "package.json", "src/**/*"], { cwd: folder, withFileTypes: true });
  const client = globSync("packages/client/src/**/*", { cwd: root, withFileTypes: true });
  const files = [...own, ...client].filter((file) => file.isFile()).map((file) => join(file.parentPath, file.name));
  const hash = createHash("sha256");
  for (const file of [...files, join(root, "package-lock.json")].toSorted())
    hash.update(file).update(readFileSync(file));
  return hash.digest("hex");
}
