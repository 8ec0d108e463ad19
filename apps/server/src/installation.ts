import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { VERSION } from "./version.ts";

/** Where the parts of this installation lie: a clone, or the package as users install it. */
export interface Installation {
  /** What `millwright` means to a project's files. */
  readonly millwrightUrl: string;
  /** Where its types are. */
  readonly millwrightPath: string;
  readonly typeRoots: string;
  readonly compiler: string;
  /** Where the console's pages are, once they are built. */
  readonly consoleFolder: string;
  /** The documentation's pages. */
  readonly docsFolder: string;
  /** The folder of the console's sources; undefined where it comes built. */
  readonly consoleBuilder: string | undefined;
  /** Folders from which `mill init` makes a project, by template. */
  readonly templates: Readonly<Record<string, string>>;
  /** The package's own folder; undefined in a clone. */
  readonly packageFolder: string | undefined;
  readonly version: string;
}

type Places = Omit<Installation, "typeRoots" | "compiler">;

export function installation(): Installation {
  const require = createRequire(import.meta.url);
  const here = dirname(fileURLToPath(import.meta.url));
  // Sources are TypeScript in a clone and are bundled into JavaScript in the package.
  const places = import.meta.url.endsWith(".ts")
    ? clonePlaces(join(here, "..", "..", ".."))
    : packagePlaces(dirname(here));
  return {
    ...places,
    typeRoots: dirname(dirname(require.resolve("@types/node/package.json"))),
    compiler: join(dirname(require.resolve("typescript/package.json")), "bin", "tsc"),
  };
}

function clonePlaces(root: string): Places {
  const millwrightPath = join(root, "packages", "millwright", "src", "index.ts");
  return {
    millwrightPath,
    millwrightUrl: pathToFileURL(millwrightPath).href,
    consoleFolder: join(root, "apps", "console", "dist"),
    docsFolder: join(root, "docs"),
    consoleBuilder: join(root, "apps", "console"),
    templates: {
      flights: join(root, "examples", "flights"),
      csv: join(root, "packages", "project", "templates", "csv"),
      empty: join(root, "packages", "project", "templates", "empty"),
    },
    packageFolder: undefined,
    version: VERSION,
  };
}

function packagePlaces(root: string): Places {
  return {
    millwrightPath: join(root, "types", "millwright", "src", "index.d.ts"),
    millwrightUrl: pathToFileURL(join(root, "lib", "index.js")).href,
    consoleFolder: join(root, "console"),
    docsFolder: join(root, "docs"),
    consoleBuilder: undefined,
    templates: {
      flights: join(root, "templates", "flights"),
      csv: join(root, "templates", "csv"),
      empty: join(root, "templates", "empty"),
    },
    packageFolder: root,
    version: VERSION,
  };
}
