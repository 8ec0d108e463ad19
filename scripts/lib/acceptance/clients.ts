import { tmpdir } from "node:os";
import { join } from "node:path";
import { startServe, type Beside, type Up } from "./start-up.ts";

/** Another system's own client, as a script that speaks only its protocol. */
export interface Client {
  readonly summary: string;
  /** Below the folder of the scripts, or anywhere. */
  readonly script: string;
  /** From Maven, as `group:artifact:version`; the script finds their paths in $JARS. */
  readonly jars?: readonly string[];
  /** For pip, with the versions that the script is known to work with. */
  readonly packages: readonly string[];
  /** What runs the script: Python unless told. Java's is a shell script, with the jars of the pom.xml beside it in $LIB. */
  readonly runtime?: "java";
  /** `millwright.ts` of the project, where an empty one does not do. */
  readonly settings?: string;
  /** Where something else than `mill up` on an empty project is asked. */
  start?(beside: Beside): Promise<Up>;
  /** What the product lacks for the script to be run at all. */
  missing(up: Up): Promise<string | undefined>;
  environment(up: Up): Readonly<Record<string, string>>;
  /** Before those of the command line. */
  arguments?(up: Up): readonly string[];
}

const tables: Client = {
  summary: "pyiceberg, DuckDB and Polars: the Iceberg REST catalog",
  script: "table_acceptance.py",
  packages: [
    "pyiceberg[sql-sqlite,pyarrow,pyiceberg-core]==0.12.0",
    "polars==2.1.0",
    "duckdb==1.5.5",
    "duckdb-extension-avro==1.5.5",
    "duckdb-extension-iceberg==1.5.5",
  ],
  missing: noCatalog,
  environment: ({ controlUrl }) => ({ ICEBERG_REST_URL: `${controlUrl}/iceberg` }),
};

export const clients: Readonly<Record<string, Client>> = {
  oip: {
    summary: "tritonclient and raw requests: the Open Inference Protocol over HTTP and gRPC",
    script: "oip_acceptance.py",
    packages: ["tritonclient[http,grpc]==2.73.0", "numpy==2.4.6", "onnx==1.23.2"],
    start: startServe,
    missing: (up) => noJson(`${up.restUrl}/v2/models/add_sub`, "no folder of ONNX models is served"),
    environment: ({ restUrl, grpcAddress = "", models = "" }) => ({
      OIP_URL: restUrl,
      OIP_GRPC: grpcAddress,
      OIP_MODELS_DIR: models,
      OIP_SLOW_S: "40",
    }),
  },
  tables,
  iceberg: tables,
  spark: {
    summary: "Spark with iceberg-spark-runtime, on Java 17 or later: its SQL on our catalog, ours on its tables",
    script: join(import.meta.dirname, "spark_acceptance.py"),
    packages: ["pyspark==4.0.*"],
    jars: ["org.apache.iceberg:iceberg-spark-runtime-4.0_2.13:1.11.0"],
    missing: noCatalog,
    environment: ({ controlUrl }) => ({ MILL_URL: controlUrl }),
  },
  "iceberg-kit": {
    summary: 'Iceberg\'s own REST compatibility kit, in Java; RCK="-Drck.…" adds settings of it',
    script: "../engines/iceberg-rest/rck.sh",
    packages: [],
    runtime: "java",
    // The kit puts tables and views into folders of its own below the system's temporary one.
    settings: `import { defineProject, icebergCatalog } from "millwright";

export default defineProject({
  name: "kit",
  engines: { catalog: icebergCatalog({ locations: ["${tmpdir()}"] }) },
});
`,
    missing: noCatalog,
    environment: () => ({}),
    arguments: ({ controlUrl }) => [`${controlUrl}/iceberg`],
  },
  feast: {
    summary: "Feast's own client: online features",
    script: "feast/feast_acceptance.py",
    packages: ["feast==0.67.0", "pandas==2.3.3", "pyarrow==26.0.1", "requests"],
    missing: ({ restUrl }) =>
      noJson(`${restUrl}/get-online-features`, "no feature server of Feast's protocol answers", "POST"),
    environment: ({ restUrl }) => ({ FEAST_SERVER_URL: restUrl }),
  },
  mlflow: {
    summary: "MLflow's own client: tracking and the model registry",
    script: "mlflow/mlflow_acceptance.py",
    packages: ["mlflow==3.17.2", "scikit-learn==1.9.1", "pandas==3.1.1"],
    missing: noMlflow,
    environment: ({ controlUrl }) => ({ MLFLOW_TRACKING_URI: `${controlUrl}/mlflow` }),
  },
  "mlflow-errors": {
    summary: "bad requests to MLflow's tracking server",
    script: "mlflow/mlflow_errors.py",
    packages: [],
    missing: noMlflow,
    environment: ({ controlUrl }) => ({ MLFLOW_TRACKING_URI: `${controlUrl}/mlflow` }),
  },
};

function noCatalog({ controlUrl }: Up): Promise<string | undefined> {
  return noJson(`${controlUrl}/iceberg/v1/config`, "no Iceberg REST catalog answers");
}

function noMlflow({ controlUrl }: Up): Promise<string | undefined> {
  const search = `${controlUrl}/mlflow/api/2.0/mlflow/experiments/search?max_results=1`;
  return noJson(search, "no tracking server of MLflow's protocol answers");
}

/** `because` when the address is unknown; a page of the console is no answer either. */
async function noJson(url: string, because: string, method: "GET" | "POST" = "GET"): Promise<string | undefined> {
  const response = await fetch(url, method === "GET" ? {} : { method, body: "{}" });
  const isJson = response.headers.get("content-type")?.includes("json") ?? false;
  await response.body?.cancel();
  if (isJson && response.status !== 404) return undefined;
  return `${because} at ${new URL(url).pathname} (${isJson ? `status ${response.status}` : "the console's page"})`;
}
