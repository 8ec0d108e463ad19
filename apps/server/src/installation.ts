import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** Where the parts of this installation lie. */
export interface Installation {
  /** What `millwright` means to a project's files. */
  readonly millwrightUrl: string;
  readonly millwrightPath: string;
  readonly typeRoots: string;
  readonly compiler: string;
  /** Where the console's pages are, once they are built. */
  readonly consoleFolder: string;
  /** The folder of the console's sources; undefined where it comes built. */
  readonly consoleBuilder: string | undefined;
  /** Folders from which `mill init` makes a project, by template. */
  readonly templates: Readonly<Record<string, string>>;
  readonly version: string;
}

export function installation(): Installation {
  const require = createRequire(import.meta.url);
  const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "..");
  const millwrightPath = join(root, "packages", "millwright", "src", "index.ts");
  return {
    millwrightUrl: new URL("../../../packages/millwright/src/index.ts", import.meta.url).href,
    millwrightPath,
    typeRoots: join(root, "node_modules", "@types"),
    compiler: join(dirname(require.resolve("typescript/package.json")), "bin", "tsc"),
    consoleFolder: join(root, "apps", "console", "dist"),
    consoleBuilder: join(root, "apps", "console"),
    templates: {
      flights: join(root, "examples", "flights"),
      empty: join(root, "packages", "project", "templates", "empty"),
    },
    version: "0.1.0",
  };
}
