import { spawnSync } from "node:child_process";
import { existsSync, globSync } from "node:fs";
import { delimiter, join } from "node:path";

/** What some tests need and not every machine has. */
export interface Means {
  /** What goes untested without it. */
  readonly tests: string;
  /** What it is, and how a machine comes to have it. */
  readonly what: string;
  /** Where it lies, or undefined. */
  find(places: Places): string | undefined;
}

interface Places {
  /** The checkout. */
  readonly root: string;
  /** The folders in which programs are looked for: `$PATH`. */
  readonly path: string;
}

export const means = {
  python: {
    tests: "pyiceberg reading the tables, and deltalake, Polars and hudi their mirrors",
    what: "a Python environment at .venv-acceptance (see CONTRIBUTING.md)",
    find: ({ root }) => ifThere(join(root, ".venv-acceptance", "bin", "python")),
  },
  scikitLearn: {
    tests: "models of scikit-learn, made and asked",
    what: "scikit-learn in the Python environment at .venv-acceptance",
    find: ({ root }) => installed(root, ["sklearn"]),
  },
  treeLibraries: {
    tests: "models of LightGBM and XGBoost, made and asked",
    what: "lightgbm and xgboost (or xgboost-cpu) in the Python environment at .venv-acceptance",
    find: ({ root }) => installed(root, ["lightgbm", "xgboost"]),
  },
  mlflowPython: {
    tests: "Python functions that MLflow saved, and its own scoring client asking",
    what: "mlflow-skinny, pandas and scikit-learn in the Python environment at .venv-acceptance",
    find: ({ root }) => installed(root, ["mlflow", "pandas", "sklearn"]),
  },
  kserveClients: {
    tests: "KServe's own clients asking over HTTP and gRPC",
    what: "kserve's clients in the Python environment at .venv-acceptance (see CONTRIBUTING.md)",
    find: ({ root }) => installed(root, ["kserve", "httpx", "orjson", "grpc", "pandas", "fastapi", "cloudevents"]),
  },
  torch: {
    tests: "TorchScript models",
    what: "torch in the Python environment at .venv-acceptance",
    find: ({ root }) => installed(root, ["torch"]),
  },
  schemathesis: {
    tests: "the control and serving APIs under Schemathesis's requests",
    what: "Schemathesis in the Python environment at .venv-acceptance (see CONTRIBUTING.md)",
    find: ({ root }) => ifThere(join(root, ".venv-acceptance", "bin", "schemathesis")),
  },
  icebergCatalog: {
    tests: "tables in Iceberg's reference REST catalog",
    what: "Java 17 on PATH and the catalog's jars in .venv-acceptance/iceberg-catalog (see CONTRIBUTING.md)",
    find: ({ root, path }) =>
      folderWith(path, ["java"]) && ifThere(join(root, ".venv-acceptance", "iceberg-catalog", ".done")),
  },
  chromium: {
    tests: "the console in a browser",
    what: "Chromium at /usr/bin/chromium (`apt-get install chromium`)",
    find: () => ifThere("/usr/bin/chromium"),
  },
  postgres: {
    tests: "PostgreSQL as the metadata database",
    what: "PostgreSQL's `initdb` and `postgres` on PATH or under /usr/lib/postgresql (`apt-get install postgresql`)",
    find: ({ path }) =>
      folderWith([path, ...globSync("/usr/lib/postgresql/*/bin")].join(delimiter), ["initdb", "postgres"]),
  },
  zsh: {
    tests: "completion in zsh",
    what: "zsh on PATH (`apt-get install zsh`)",
    find: ({ path }) => folderWith(path, ["zsh"]),
  },
  fish: {
    tests: "completion in fish",
    what: "fish on PATH (`apt-get install fish`)",
    find: ({ path }) => folderWith(path, ["fish"]),
  },
  strace: {
    tests: "a loss of power at points of a run, and a disk that fails",
    what: "strace on PATH (`apt-get install strace`), on Linux, and the right to trace (in a container: SYS_PTRACE)",
    find: ({ path }) => {
      const folder = folderWith(path, ["strace"]);
      return folder !== undefined && traces(join(folder, "strace")) ? join(folder, "strace") : undefined;
    },
  },
  shared: {
    tests: "the golden files and suites of other projects",
    what: "a folder ../shared beside the checkout",
    find: ({ root }) => ifThere(join(root, "..", "shared")),
  },
  git: {
    tests: "faults planted in a copy of the checkout",
    what: "git, and a checkout made by it",
    find: ({ root, path }) => (existsSync(join(root, ".git")) ? folderWith(path, ["git"]) : undefined),
  },
} satisfies Readonly<Record<string, Means>>;

/** Where each means lies on this machine; `inject("means")` gives it to any test. */
export type MeansFound = Readonly<Record<keyof typeof means, string | undefined>>;

declare module "vitest" {
  interface ProvidedContext {
    readonly means: MeansFound;
    /** Whether the tests run at full width: `npm run test:full`. */
    readonly full: boolean;
  }
}

export function findMeans(places: Places): MeansFound {
  return Object.fromEntries(Object.entries(means).map(([name, { find }]) => [name, find(places)])) as MeansFound;
}

/** Whether strace may do here what the tests ask of it: a program that it follows must see a call of its own fail. */
function traces(strace: string): boolean {
  const calls = "?mkdir,?mkdirat";
  const asked = ["-f", "--seccomp-bpf", "-qq", "-o", "/dev/null", "-e", `inject=${calls}:error=EIO`];
  const { status, stderr } = spawnSync(strace, [...asked, "sh", "-c", "mkdir /dev/null/never; true"], {
    encoding: "utf8",
    env: { ...process.env, LC_ALL: "C" },
    timeout: 60_000,
  });
  return status === 0 && stderr.includes("Input/output error");
}

/** Where the Python environment has all these packages. */
function installed(root: string, packages: readonly string[]): string | undefined {
  const found = globSync(join(root, ".venv-acceptance", "lib", "python*", "site-packages"));
  return found.find((folder) => packages.every((name) => existsSync(join(folder, name))));
}

function ifThere(path: string): string | undefined {
  return existsSync(path) ? path : undefined;
}

/** The first folder of a `PATH` that holds all these programs. */
function folderWith(path: string, programs: readonly string[]): string | undefined {
  return path.split(delimiter).find((folder) => programs.every((program) => existsSync(join(folder, program))));
}
