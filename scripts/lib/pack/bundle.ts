import { dirname, join, relative, resolve, sep } from "node:path";
import { rolldown, type Plugin } from "rolldown";

export interface BundleOptions {
  readonly root: string;
  readonly outFolder: string;
  /** Files by the name they are to have, without its ending. */
  readonly entries: Readonly<Record<string, string>>;
  /** Packages that are installed beside, not bundled. */
  readonly external: readonly string[];
}

/** Bundles the entries, and each file that the code starts as a process or thread, side by side in one folder. Returns the bundled packages' folders. */
export async function bundle({ root, outFolder, entries, external }: BundleOptions): Promise<readonly string[]> {
  const isExternal = (id: string) => external.some((name) => id === name || id.startsWith(`${name}/`));
  const build = await rolldown({
    input: Object.fromEntries(Object.entries(entries).map(([name, path]) => [name, join(root, path)])),
    platform: "node",
    external: isExternal,
    plugins: [startedFiles(root)],
    logLevel: "warn",
    onLog: (level, log, next) => {
      if (log.code === "UNRESOLVED_IMPORT") throw new Error(log.message);
      next(level, log);
    },
  });
  const { output } = await build.write({
    dir: outFolder,
    format: "esm",
    entryFileNames: "[name].js",
    chunkFileNames: "[name]-[hash].js",
    minify: false,
    sourcemap: false,
  });
  await build.close();
  const modules = output.flatMap((chunk) => (chunk.type === "chunk" ? chunk.moduleIds : []));
  return [...new Set(modules.flatMap(packageFolder))].toSorted();
}

/** `new URL("./x.ts", import.meta.url)` names a file to start: it becomes an entry of its own, called by its place. */
function startedFiles(root: string): Plugin {
  const pattern = /new URL\("(\.\.?\/[^"]+)\.ts", import\.meta\.url\)/g;
  return {
    name: "started-files",
    transform: {
      filter: { id: /\.ts$/, code: /import\.meta\.url/ },
      handler(code, id) {
        const replaced = code.replaceAll(pattern, (_whole, path: string) => {
          const started = resolve(dirname(id), `${path}.ts`);
          const fileName = calledByPlace(root, started);
          this.emitFile({ type: "chunk", id: started, fileName });
          return `new URL("./${fileName}", import.meta.url)`;
        });
        return replaced === code ? undefined : { code: replaced };
      },
    },
  };
}

/** `packages/serving/src/threads/worker.ts` is `serving-threads-worker.js`: several packages have a file of that name. */
function calledByPlace(root: string, path: string): string {
  const [, ...parts] = relative(root, path).split(sep);
  return `${parts
    .filter((part) => part !== "src")
    .join("-")
    .replace(/\.ts$/, "")}.js`;
}

function packageFolder(moduleId: string): readonly string[] {
  const found = /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(moduleId);
  return found === null || found[0].includes("@millwright") ? [] : [found[0].replace(/^\0.*?\//, "/")];
}
