import { basename, dirname, join, resolve } from "node:path";
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
    plugins: [startedFiles()],
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

/** `new URL("./x.ts", import.meta.url)` names a file to start: it becomes an entry of its own, `x.js` beside the others. */
function startedFiles(): Plugin {
  const pattern = /new URL\("(\.\.?\/[^"]+)\.ts", import\.meta\.url\)/g;
  return {
    name: "started-files",
    transform: {
      filter: { id: /\.ts$/, code: /import\.meta\.url/ },
      handler(code, id) {
        const replaced = code.replaceAll(pattern, (_whole, path: string) => {
          const name = basename(path);
          this.emitFile({ type: "chunk", id: resolve(dirname(id), `${path}.ts`), fileName: `${name}.js` });
          return `new URL("./${name}.js", import.meta.url)`;
        });
        return replaced === code ? undefined : { code: replaced };
      },
    },
  };
}

function packageFolder(moduleId: string): readonly string[] {
  const found = /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(moduleId);
  return found === null || found[0].includes("@millwright") ? [] : [found[0].replace(/^\0.*?\//, "/")];
}
