import { createHash } from "node:crypto";
import { existsSync, globSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

// Builds the console into dist/ when it is stale. Pages are built aside and take their place at once, so that none is
// served by halves; where another build was first, theirs stay.

// Else the environment of whoever starts the build decides, and a development build names the files it was made from.
process.env["NODE_ENV"] = "production";

const folder = import.meta.dirname;
const dist = join(folder, "dist");
const stamp = sourceHash();
if (!isFresh()) {
  const aside = join(folder, `dist.${process.pid}`);
  // What builds takes longer to load than a look at whether there is anything to build.
  const [{ build }, { default: react }] = await Promise.all([import("vite"), import("@vitejs/plugin-react")]);
  await build({
    root: folder,
    configFile: false,
    logLevel: "warn",
    plugins: [react()],
    build: { outDir: aside, emptyOutDir: true, target: "es2023", assetsInlineLimit: 0, chunkSizeWarningLimit: 900 },
  });
  writeFileSync(join(aside, "built.txt"), stamp);
  if (!isFresh()) takePlace(aside);
  rmSync(aside, { recursive: true, force: true });
}

function isFresh(): boolean {
  const built = join(dist, "built.txt");
  return existsSync(built) && readFileSync(built, "utf8") === stamp;
}

function takePlace(aside: string): void {
  const before = `${aside}.before`;
  if (existsSync(dist)) renameSync(dist, before);
  renameSync(aside, dist);
  rmSync(before, { recursive: true, force: true });
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
