import { isAbsolute, resolve } from "node:path";
import { isMillError } from "@millwright/kernel";
import type { ModelConfig } from "../inference/model-config.ts";
import { FORMAT_NAMES, formatNamed, type FormatName } from "../inference/model-format.ts";
import { isObject } from "../inference/rest/table.ts";
import { checkGraph } from "../graphs/check-graph.ts";
import type { GraphDefinition, GraphNode, GraphStep } from "../graphs/graph-definition.ts";
import { isSecretHeader } from "../payloads/payload-settings.ts";
import { parseModelUri } from "../storage/model-uri.ts";
import type { FieldPath, KubeDocument, Remark } from "./documents.ts";
import { checkFields, OLD_FORMATS } from "./fields.ts";
import type { RolledOut } from "./revisions.ts";

/** A model that is to be served, and where it lies. */
export interface PlannedModel {
  readonly name: string;
  readonly uri: string;
  readonly format: FormatName;
  readonly config: ModelConfig;
  /** Of one of a repository's models: its folder, from where the URI leads to. */
  readonly within?: string;
}

/** What a document asks to be served. */
export interface PlannedService {
  readonly document: KubeDocument;
  readonly model?: PlannedModel;
  /** The share of the requests that is this model's, where another one was rolled out before it. */
  readonly canaryPercent?: number;
  /** What keeps the rest of them. */
  readonly rolledOut?: RolledOut;
  readonly graph?: GraphDefinition;
}

/** Patterns of headers that a graph hands on, with commas between: in KServe they are of the router's environment. */
export const HEADERS_ANNOTATION = "millwright.dev/propagate-headers";

/**
 * What is to be served of a document, with all that is to be said of it: nothing, where one of it is an error. Paths that
 * are not absolute begin at `folder`.
 */
export function planDocument(
  document: KubeDocument,
  { folder }: { readonly folder: string },
): { readonly service: PlannedService | undefined; readonly remarks: readonly Remark[] } {
  const remarks = [...checkFields(document)];
  const told = new Planning(document, { folder, remarks });
  const service = remarks.some(({ level }) => level === "error") ? undefined : told.plan();
  return { service: remarks.some(({ level }) => level === "error") ? undefined : service, remarks };
}

type Fields = Readonly<Record<string, unknown>>;

class Planning {
  readonly #document: KubeDocument;
  readonly #folder: string;
  readonly #remarks: Remark[];

  constructor(document: KubeDocument, { folder, remarks }: { readonly folder: string; readonly remarks: Remark[] }) {
    this.#document = document;
    this.#folder = folder;
    this.#remarks = remarks;
  }

  plan(): PlannedService | undefined {
    const spec = this.#fields(this.#document.value, ["spec"]);
    switch (this.#document.kind) {
      case "InferenceService":
        return this.#inferenceService(spec);
      case "InferenceGraph":
        return this.#inferenceGraph(spec);
      case "TrainedModel":
        return this.#trainedModel(spec);
      default:
        this.#say("warning", ["spec"], "it is noted: this program serves the formats that it reads by itself");
        return { document: this.#document };
    }
  }

  #say(level: Remark["level"], path: FieldPath, because: string): undefined {
    this.#remarks.push(this.#document.remark(level, path, because));
    return undefined;
  }

  /** The fields at the end of a path; empty, with an error, where there are none. */
  #fields(from: Fields, path: FieldPath): Fields {
    const value = from[String(path.at(-1))];
    if (isObject(value)) return value;
    this.#say("error", path, "it is missing");
    return {};
  }

  #inferenceService(spec: Fields): PlannedService | undefined {
    const path = ["spec", "predictor"];
    const predictor = this.#fields(spec, path);
    if (spec["transformer"] !== undefined)
      this.#say(
        "error",
        ["spec", "transformer"],
        "no container is run: serve what it does as a model, and both as the steps of an InferenceGraph",
      );
    if (spec["canary"] !== undefined)
      this.#say("error", ["spec", "canary"], "it is not read: `predictor.canaryTrafficPercent` is");
    if (spec["explainer"] !== undefined)
      this.#say(
        "warning",
        ["spec", "explainer"],
        "it is ignored: `:explain` is answered by this program itself, of trees by TreeSHAP, of others by permutations against a `background`",
      );
    const found = this.#predictorModel(predictor, path);
    if (found === undefined) return undefined;
    const { fields, path: at } = found;
    const uri = this.#uriOf(fields, at);
    const format = this.#formatOf(found.format, at);
    const percent = this.#number(predictor, [...path, "canaryTrafficPercent"], { least: 0, most: 100 });
    if (uri === undefined || format === undefined) return undefined;
    return {
      document: this.#document,
      ...(percent === undefined ? {} : { canaryPercent: percent }),
      model: { name: this.#document.name, uri, format, config: this.#configOf(predictor, path) },
    };
  }

  /** `model`, or a field that is named after its format, as older documents have it. */
  #predictorModel(predictor: Fields, path: FieldPath) {
    const old = OLD_FORMATS.filter((format) => predictor[format] !== undefined);
    const [oldFormat] = old;
    if (predictor["containers"] !== undefined)
      return this.#say("error", [...path, "containers"], "no container is run: name a model and its format");
    if (predictor["storageUris"] !== undefined)
      return this.#say("error", [...path, "storageUris"], "it is not read: `model.storageUri` is");
    if (predictor["model"] === undefined && oldFormat === undefined)
      return this.#say("error", path, "it names no model");
    if (old.length + (predictor["model"] === undefined ? 0 : 1) > 1)
      return this.#say("error", path, "it names more than one model");
    const at = [...path, oldFormat ?? "model"];
    const fields = this.#fields(predictor, at);
    if (oldFormat !== undefined) return { fields, format: oldFormat, path: at };
    const { name } = this.#fields(fields, [...at, "modelFormat"]);
    if (typeof name !== "string") return this.#say("error", [...at, "modelFormat", "name"], "it is no text");
    return { fields, format: name, path: at };
  }

  #formatOf(name: string, path: FieldPath): FormatName | undefined {
    const because = `${name} is not served: ${FORMAT_NAMES.join(", ")} are`;
    return formatNamed(name) ?? this.#say("error", [...path, "modelFormat"], because);
  }

  /** Its URI, a path made absolute. */
  #uriOf(fields: Fields, path: FieldPath): string | undefined {
    const at = [...path, "storageUri"];
    const given = fields["storageUri"];
    if (fields["storage"] !== undefined)
      return this.#say("error", [...path, "storage"], "there are no secrets of a cluster: write a storageUri");
    if (typeof given !== "string" || given === "") return this.#say("error", at, "it is missing");
    const isPath = !/^[a-z][a-z0-9+.-]*:/i.test(given);
    const uri = isPath && !isAbsolute(given) ? resolve(this.#folder, given) : given;
    try {
      parseModelUri(uri);
    } catch (error) {
      return this.#say("error", at, isMillError(error) ? error.because : "it cannot be read");
    }
    return uri;
  }

  /** KServe's batcher and its limit of requests at once, in Triton's words. */
  #configOf(predictor: Fields, path: FieldPath): ModelConfig {
    const count = this.#number(predictor, [...path, "containerConcurrency"], { least: 0, most: 10_000 }) ?? 0;
    const instances = { ...(count === 0 ? {} : { instance_group: [{ count }] }), ...this.#payloadLog(predictor, path) };
    if (predictor["batcher"] === undefined) return instances;
    const batcher = this.#fields(predictor, [...path, "batcher"]);
    const size = this.#number(batcher, [...path, "batcher", "maxBatchSize"], { least: 1, most: 1_000_000 }) ?? 32;
    const waitMs = this.#number(batcher, [...path, "batcher", "maxLatency"], { least: 0, most: 60_000 }) ?? 50;
    return {
      ...instances,
      max_batch_size: size,
      dynamic_batching: { max_queue_delay_microseconds: Math.round(waitMs * 1_000) },
    };
  }

  /** KServe's logger, in the words of a configuration. */
  #payloadLog(predictor: Fields, path: FieldPath): Pick<ModelConfig, "parameters"> {
    if (predictor["logger"] === undefined || predictor["logger"] === null) return {};
    const at = [...path, "logger"];
    const { mode = "all", metadataHeaders: headers = [] } = this.#fields(predictor, at);
    if (typeof mode !== "string" || !["all", "request", "response"].includes(mode))
      this.#say("error", [...at, "mode"], "it is none of all, request, response");
    const isList = Array.isArray(headers) && headers.every((name) => typeof name === "string");
    if (!isList) this.#say("error", [...at, "metadataHeaders"], "it is no list of texts");
    const names = isList ? (headers as readonly string[]) : [];
    const secret = names.find(isSecretHeader);
    if (secret !== undefined)
      this.#say("error", [...at, "metadataHeaders"], `${secret} may hold a secret: it is not kept`);
    const kept = names.length === 0 ? {} : { payload_metadata_headers: { string_value: names.join(",") } };
    return { parameters: { payload_log: { string_value: String(mode) }, ...kept } };
  }

  #number(
    fields: Fields,
    path: FieldPath,
    { least, most }: { readonly least: number; readonly most: number },
  ): number | undefined {
    const value = fields[String(path.at(-1))];
    if (value === undefined || value === null) return undefined;
    if (typeof value === "number" && Number.isSafeInteger(value) && value >= least && value <= most) return value;
    return this.#say("error", path, `it is no whole number from ${least} to ${most}`);
  }

  #trainedModel(spec: Fields): PlannedService | undefined {
    const path = ["spec", "model"];
    const model = this.#fields(spec, path);
    const { framework } = model;
    if (typeof framework !== "string") return this.#say("error", [...path, "framework"], "it is missing");
    const format = this.#formatOf(framework, path);
    const uri = this.#uriOf(model, path);
    if (uri === undefined || format === undefined) return undefined;
    return { document: this.#document, model: { name: this.#document.name, uri, format, config: {} } };
  }

  #inferenceGraph(spec: Fields): PlannedService | undefined {
    const nodes = this.#fields(spec, ["spec", "nodes"]);
    const read = Object.entries(nodes).map(
      ([name, node]) => [name, this.#node(node, ["spec", "nodes", name])] as const,
    );
    const seconds = (fields: Fields, path: FieldPath) => {
      const value = this.#number(fields, path, { least: 1, most: 86_400 });
      return value === undefined ? undefined : value * 1_000;
    };
    const timeouts = isObject(spec["routerTimeouts"]) ? spec["routerTimeouts"] : {};
    const graph: GraphDefinition = {
      name: this.#document.name,
      nodes: Object.fromEntries(read),
      timeoutMs: seconds(spec, ["spec", "timeout"]),
      stepTimeoutMs: seconds(timeouts, ["spec", "routerTimeouts", "serviceClient"]),
      ...this.#propagateHeaders(),
    };
    for (const { path, because } of checkGraph(graph)) this.#say("error", ["spec", ...path], because);
    return { document: this.#document, graph };
  }

  #propagateHeaders(): Pick<GraphDefinition, "propagateHeaders"> {
    const { annotations } = this.#document.value["metadata"] as { readonly annotations?: unknown };
    const told = isObject(annotations) ? annotations[HEADERS_ANNOTATION] : undefined;
    return typeof told === "string" ? { propagateHeaders: told.split(",") } : {};
  }

  #node(node: unknown, path: FieldPath): GraphNode {
    const { routerType, steps } = isObject(node) ? node : {};
    if (!Array.isArray(steps)) this.#say("error", [...path, "steps"], "it is no list");
    const list = Array.isArray(steps) ? (steps as readonly unknown[]) : [];
    return {
      routerType: String(routerType) as GraphNode["routerType"],
      steps: list.map((step, at) => this.#step(step, [...path, "steps", at])),
    };
  }

  #step(step: unknown, path: FieldPath): GraphStep {
    const given = isObject(step) ? step : {};
    const kept: Record<string, unknown> = {};
    for (const [name, value] of Object.entries(given)) {
      const wanted = name === "weight" ? "number" : name === "mapPredictionsToInstances" ? "boolean" : "string";
      if (value === null || value === "") continue;
      if (typeof value === wanted) kept[name] = value;
      else this.#say("error", [...path, name], `it is no ${wanted === "string" ? "text" : wanted}`);
    }
    return kept as GraphStep;
  }
}
