import { isObject } from "../inference/rest/table.ts";
import type { FieldPath, KubeDocument, Remark } from "./documents.ts";

/** What is done with a field of a kind: it is used, it is known and has no meaning here, or it has fields of its own. */
type Field = "used" | "any" | Ignored | Each | Fields;

interface Fields {
  readonly [name: string]: Field;
}

/** A field that KServe knows and that cannot be honoured here, with what holds in its place. */
class Ignored {
  readonly because: string;

  constructor(because: string) {
    this.because = because;
  }
}

/** Every item of a list, or every value of a map. */
class Each {
  readonly of: Field;

  constructor(of: Field) {
    this.of = of;
  }
}

const ignored = (because: string) => new Ignored(because);
const fieldsIgnored = (names: string, because: string): Fields =>
  Object.fromEntries(names.split(" ").map((name) => [name, ignored(because)]));

const ONE_PROCESS = "one process on this machine serves it";
const NO_CONTAINER = "no container is run: this program serves the model itself";
const NO_CLUSTER = "there is no cluster here";

const REPLICAS = fieldsIgnored(
  "minReplicas maxReplicas scaleTarget scaleMetric scaleMetricType autoScaling deploymentStrategy",
  ONE_PROCESS,
);
const POD = fieldsIgnored(
  "volumes initContainers ephemeralContainers restartPolicy terminationGracePeriodSeconds activeDeadlineSeconds dnsPolicy nodeSelector serviceAccountName serviceAccount automountServiceAccountToken nodeName hostNetwork hostPID hostIPC shareProcessNamespace securityContext imagePullSecrets hostname subdomain affinity schedulerName tolerations hostAliases priorityClassName priority dnsConfig readinessGates runtimeClassName enableServiceLinks preemptionPolicy overhead topologySpreadConstraints setHostnameAsFQDN os hostUsers schedulingGates resourceClaims hostnameOverride",
  NO_CLUSTER,
);
const CONTAINER = fieldsIgnored(
  "image command args workingDir ports envFrom env resources resizePolicy restartPolicy volumeMounts volumeDevices livenessProbe readinessProbe startupProbe lifecycle terminationMessagePath terminationMessagePolicy imagePullPolicy securityContext stdin stdinOnce tty name",
  NO_CONTAINER,
);

const EXTENSION: Fields = {
  ...REPLICAS,
  containerConcurrency: "used",
  timeout: ignored("a caller says how long it waits: `timeout`, `grpc-timeout`"),
  canaryTrafficPercent: "used",
  logger: {
    mode: "used",
    metadataHeaders: "used",
    url: ignored("nothing is sent anywhere: what is kept is in the payload log"),
    ...fieldsIgnored("storage metadataAnnotations batch", "what is kept is in the payload log"),
  },
  batcher: { maxBatchSize: "used", maxLatency: "used", timeout: ignored("a caller says how long it waits") },
  labels: "any",
  annotations: "any",
};

const PREDICTOR_MODEL: Fields = {
  ...CONTAINER,
  modelFormat: { name: "used", version: ignored("the file itself says it") },
  storageUri: "used",
  storage: "used",
  runtime: ignored(NO_CONTAINER),
  runtimeVersion: ignored(NO_CONTAINER),
  protocolVersion: ignored("every protocol is spoken"),
  confidential: ignored(NO_CLUSTER),
};

/** The formats that an `InferenceService` of the older form names as fields. */
export const OLD_FORMATS: readonly string[] =
  "sklearn xgboost lightgbm onnx pytorch triton tensorflow pmml paddle huggingface".split(" ");

const INFERENCE_SERVICE: Fields = {
  predictor: {
    ...POD,
    ...EXTENSION,
    model: PREDICTOR_MODEL,
    ...Object.fromEntries(OLD_FORMATS.map((format) => [format, PREDICTOR_MODEL])),
    containers: "used",
    resources: ignored(NO_CLUSTER),
    name: "any",
    storageUris: "used",
    storageContainerName: ignored(NO_CONTAINER),
    workerSpec: ignored(ONE_PROCESS),
  },
  transformer: "used",
  explainer: "used",
  canary: "used",
};

const STEP: Fields = Object.fromEntries(
  "name nodeName serviceName serviceUrl data mapPredictionsToInstances weight condition dependency"
    .split(" ")
    .map((name) => [name, "used"]),
);

const INFERENCE_GRAPH: Fields = {
  nodes: new Each({ routerType: "used", steps: new Each(STEP) }),
  timeout: "used",
  routerTimeouts: {
    serviceClient: "used",
    ...fieldsIgnored("serverRead serverWrite serverIdle", "this server has its own limits"),
  },
  ...fieldsIgnored("minReplicas maxReplicas scaleTarget scaleMetric", ONE_PROCESS),
  ...fieldsIgnored("resources affinity tolerations nodeSelector nodeName serviceAccountName", NO_CLUSTER),
};

const TRAINED_MODEL: Fields = {
  inferenceService: "used",
  model: {
    storageUri: "used",
    framework: "used",
    memory: ignored("what it takes is measured"),
  },
};

const RUNTIME: Fields = {
  ...POD,
  ...fieldsIgnored(
    "containers multiModel disabled protocolVersions workerSpec labels annotations grpcEndpoint grpcDataEndpoint httpDataEndpoint replicas storageHelper builtInAdapter resources",
    NO_CONTAINER,
  ),
  supportedModelFormats: new Each({ name: "used", ...fieldsIgnored("version autoSelect priority", NO_CONTAINER) }),
};

const SPECS: Readonly<Record<string, { readonly versions: readonly string[]; readonly spec: Fields }>> = {
  InferenceService: { versions: ["v1beta1"], spec: INFERENCE_SERVICE },
  InferenceGraph: { versions: ["v1alpha1"], spec: INFERENCE_GRAPH },
  TrainedModel: { versions: ["v1alpha1"], spec: TRAINED_MODEL },
  ServingRuntime: { versions: ["v1alpha1"], spec: RUNTIME },
  ClusterServingRuntime: { versions: ["v1alpha1"], spec: RUNTIME },
};

const GROUP = "serving.kserve.io";

/** Whether a document is one of KServe's at all. */
export function isOfKserve({ apiVersion }: Pick<KubeDocument, "apiVersion">): boolean {
  return apiVersion.startsWith(`${GROUP}/`);
}

/** What of a document is unknown (an error: it may be meant), and what of it is ignored (a warning), by field and line. */
export function checkFields(document: KubeDocument): readonly Remark[] {
  const { kind, apiVersion, value } = document;
  const known = Object.hasOwn(SPECS, kind) ? SPECS[kind] : undefined;
  if (known === undefined)
    return [document.remark("error", ["kind"], `it is none of ${Object.keys(SPECS).join(", ")}`)];
  const versions = known.versions.map((version) => `${GROUP}/${version}`);
  if (!versions.includes(apiVersion))
    return [document.remark("error", ["apiVersion"], `it is ${apiVersion}, where ${versions.join(" or ")} is read`)];
  const metadata = Object.fromEntries(METADATA.map((name) => [name, "any" as const]));
  const whole: Fields = {
    apiVersion: "used",
    kind: "used",
    metadata,
    spec: known.spec,
    status: ignored("it is what a cluster told"),
  };
  return remarksOn(document, { value, field: whole, path: [] });
}

const METADATA =
  "name namespace labels annotations uid resourceVersion generation creationTimestamp finalizers ownerReferences managedFields selfLink generateName deletionTimestamp deletionGracePeriodSeconds".split(
    " ",
  );

function remarksOn(
  document: KubeDocument,
  { value, field, path }: { readonly value: unknown; readonly field: Field; readonly path: FieldPath },
): readonly Remark[] {
  if (field instanceof Ignored) return [document.remark("warning", path, `it is ignored: ${field.because}`)];
  if (field === "used" || field === "any" || value === null || value === undefined) return [];
  if (field instanceof Each) {
    const isList = Array.isArray(value);
    if (!isList && !isObject(value)) return [document.remark("error", path, "it is neither a list nor a map")];
    return Object.entries(value).flatMap(([name, one]) =>
      remarksOn(document, { value: one, field: field.of, path: [...path, isList ? Number(name) : name] }),
    );
  }
  if (!isObject(value)) return [document.remark("error", path, "it has no fields of its own")];
  return Object.entries(value).flatMap(([name, one]) => {
    const known = Object.hasOwn(field, name) ? field[name] : undefined;
    if (known === undefined) return [document.remark("error", [...path, name], unknownField(name, field))];
    return remarksOn(document, { value: one, field: known, path: [...path, name] });
  });
}

/** With what it may be meant to be, where one is like it. */
function unknownField(name: string, fields: Fields): string {
  const plain = (text: string) => text.toLowerCase().replaceAll(/[^a-z]/g, "");
  const meant = Object.keys(fields).find(
    (known) => plain(known) === plain(name) || distance(plain(known), plain(name)) <= 2,
  );
  return `there is no such field${meant === undefined ? "" : `; ${meant} is one`}`;
}

/** How many letters are to be changed, put in or left out (Levenshtein), up to a few. */
function distance(one: string, other: string): number {
  if (Math.abs(one.length - other.length) > 2) return 3;
  let row = Array.from({ length: other.length + 1 }, (_, at) => at);
  for (const [at, letter] of one.split("").entries()) {
    const next = [at + 1];
    for (const [to, wanted] of other.split("").entries())
      next.push(Math.min((row[to] ?? 0) + (letter === wanted ? 0 : 1), (row[to + 1] ?? 0) + 1, (next[to] ?? 0) + 1));
    row = next;
  }
  return row.at(-1) ?? 0;
}
