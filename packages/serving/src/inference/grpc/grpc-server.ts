import { setMaxListeners } from "node:events";
import type * as Grpc from "@grpc/grpc-js";
import { toProblem, type Logger } from "@millwright/kernel";
import { callLimits } from "../call-limits.ts";
import { isFault } from "../errors.ts";
import type { InferenceServer } from "../inference-server.ts";
import { lazyHeaders } from "../request-headers.ts";
import { badRequest } from "../tensor.ts";
import { answers, type Answer } from "./answers.ts";
import { addHealth } from "./health.ts";
import { readInferMessage, writeInferMessage, type InferRequestMessage } from "./messages.ts";
import { addReflection } from "./reflection.ts";
import { openService, type Method } from "./service.ts";
import { streamAnswers } from "./stream.ts";

export interface GrpcOptions {
  readonly host: string;
  readonly port: number;
  readonly bodyBytesMax: number;
  readonly logger: Logger;
}

export interface GrpcServer {
  readonly port: number;
  /** Answers what has been asked, and cuts off what does not end in time. */
  close(timeoutMs: number): Promise<void>;
}

const STREAMS_MAX = 1_000;

/** Serves the Open Inference Protocol over gRPC, with health and reflection. */
export async function startGrpc(server: InferenceServer, options: GrpcOptions): Promise<GrpcServer> {
  const grpc = await import("@grpc/grpc-js");
  const { root, methods } = await openService();
  const listening = new grpc.Server({
    "grpc.max_receive_message_length": options.bodyBytesMax,
    "grpc.max_send_message_length": -1,
    "grpc.max_concurrent_streams": STREAMS_MAX,
  });
  const ending = new AbortController();
  // Each stream listens to it.
  setMaxListeners(0, ending.signal);
  const named = new Map(methods.map((method) => [method.name, method]));
  listening.addService(
    definitionOf(methods),
    Object.fromEntries(
      methods.map((method) => [
        method.name,
        handlerOf(method, { server, options, status: grpc.status, named, ending: ending.signal }),
      ]),
    ),
  );
  addHealth(listening, { root, server, ending: ending.signal });
  await addReflection(listening, { root, ending: ending.signal });
  const address = `${options.host}:${options.port}`;
  const port = await new Promise<number>((resolve, reject) => {
    listening.bindAsync(address, grpc.ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  const close = (timeoutMs: number) => {
    ending.abort();
    return closed(listening, timeoutMs);
  };
  return { port, close };
}

function closed(listening: Grpc.Server, timeoutMs: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => listening.forceShutdown(), timeoutMs);
    listening.tryShutdown(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}

const asItIs = (bytes: Buffer) => bytes;

/** Messages cross as bytes: what cannot be read is answered as any other bad request. */
function definitionOf(methods: readonly Pick<Method, "name" | "path" | "isStream">[]): Grpc.ServiceDefinition {
  return Object.fromEntries(
    methods.map(({ name, path, isStream }) => [
      name,
      {
        path,
        requestStream: isStream,
        responseStream: isStream,
        requestSerialize: asItIs,
        requestDeserialize: asItIs,
        responseSerialize: asItIs,
        responseDeserialize: asItIs,
      },
    ]),
  );
}

interface Parts {
  readonly server: InferenceServer;
  readonly options: GrpcOptions;
  readonly status: typeof Grpc.status;
  readonly named: ReadonlyMap<string, Method>;
  /** Aborted when the server is to end. */
  readonly ending: AbortSignal;
}

type UnaryCall = Grpc.ServerUnaryCall<Buffer, Buffer>;

function handlerOf(method: Method, parts: Parts): Grpc.UntypedHandleCall {
  if (method.isStream)
    return ((call: Grpc.ServerDuplexStream<Buffer, Buffer>) =>
      streamAnswers(call, {
        answer: async (bytes) => method.encode(await streamed(decoded(method, bytes), call, parts)),
        failed: (bytes, error) => method.encode(failure(method, bytes, error)),
        ending: parts.ending,
      })) as Grpc.UntypedHandleCall;
  const answer = method.name === "ModelInfer" ? inferred : answers[method.name];
  return ((call: UnaryCall, done: Grpc.sendUnaryData<Buffer>) => {
    unary(method, { call, parts, answer }).then(
      (bytes) => done(null, bytes),
      (error: unknown) => done(statusOf(error, parts)),
    );
  }) as Grpc.UntypedHandleCall;
}

async function unary(
  method: Method,
  {
    call,
    parts,
    answer,
  }: { readonly call: UnaryCall; readonly parts: Parts; readonly answer: typeof inferred | Answer | undefined },
): Promise<Buffer> {
  const message = decoded(method, call.request);
  const beside = OF_ONE_MODEL.has(method.name) ? modelBeside(call.metadata) : undefined;
  if (beside !== undefined) (message as { name: string }).name = beside;
  const found =
    answer === inferred
      ? await inferred(message, call, parts)
      : await (answer as Answer | undefined)?.(parts.server, message as never);
  if (found === undefined) throw badRequest(`${method.name} is not offered`);
  return method.encode(found);
}

function decoded(method: Method, bytes: Buffer): unknown {
  try {
    return method.decode(bytes);
  } catch (cause) {
    throw badRequest(`the message cannot be read: ${cause instanceof Error ? cause.message : ""}`);
  }
}

type WithMetadata = Pick<UnaryCall, "metadata" | "cancelled" | "getDeadline">;

/** Metadata by which callers of ModelMesh name the model, whatever the message says; `-bin` is UTF-8. */
const BESIDE = ["mm-vmodel-id", "mm-model-id", "mm-vmodel-id-bin", "mm-model-id-bin"];
const OF_ONE_MODEL: ReadonlySet<string> = new Set(["ModelReady", "ModelMetadata", "ModelConfig"]);

function modelBeside(metadata: Grpc.Metadata): string | undefined {
  for (const key of BESIDE) {
    const [named] = metadata.get(key);
    if (named !== undefined) return named.toString();
  }
  return undefined;
}

/** One inference. */
async function inferred(message: unknown, call: WithMetadata, { server }: Parts): Promise<object> {
  const arrivedMs = server.clock.monotonicMs();
  const asked = message as InferRequestMessage;
  const served = await server.models.obtain(modelBeside(call.metadata) ?? asked.model_name, asked.model_version);
  const read = readInferMessage(asked, server.memory);
  const waitsMs = Number(call.getDeadline()) - server.clock.nowMs();
  const limits = callLimits(read.parameters, { arrivedMs, waitsMs });
  const isCancelled = () => call.cancelled;
  const id = asked.id === "" ? undefined : asked.id;
  const headers = lazyHeaders(() => textsOf(call.metadata));
  const outputs = await server.infer(served, { ...read, ...limits, headers, id, arrivedMs, isCancelled });
  return writeInferMessage(read, { served, id: asked.id, outputs, memory: server.memory });
}

/** All values of each key; `getMap` has the first alone. */
function textsOf(metadata: Grpc.Metadata): Readonly<Record<string, readonly string[]>> {
  return Object.fromEntries(Object.keys(metadata.getMap()).map((key) => [key, metadata.get(key).map(String)]));
}

async function streamed(message: unknown, call: WithMetadata, parts: Parts): Promise<object> {
  const answer = await inferred(message, call, parts);
  const { parameters } = message as InferRequestMessage;
  const isFinalTold = parameters["triton_enable_empty_final_response"]?.bool_param === true;
  const final = isFinalTold ? { parameters: { triton_final_response: { bool_param: true } } } : {};
  return { infer_response: { ...answer, ...final } };
}

/** A request of a stream that failed: the stream goes on. */
function failure(method: Method, bytes: Buffer, error: unknown): object {
  let id = "";
  try {
    ({ id } = method.decode(bytes) as InferRequestMessage);
  } catch {
    // It could not be read: then it has no id either.
  }
  return { error_message: textOf(error), infer_response: { id } };
}

function textOf(error: unknown): string {
  const { title, detail } = toProblem(error);
  return `${title}: ${detail}`;
}

function statusOf(error: unknown, { options, status }: Parts): Partial<Grpc.StatusObject> {
  const problem = toProblem(error);
  if (isFault(problem.status)) options.logger.error({ err: error }, "a request failed");
  const codes: Readonly<Record<number, Grpc.status>> = {
    403: status.PERMISSION_DENIED,
    404: status.NOT_FOUND,
    409: status.FAILED_PRECONDITION,
    413: status.RESOURCE_EXHAUSTED,
    499: status.CANCELLED,
    502: status.UNAVAILABLE,
    503: status.RESOURCE_EXHAUSTED,
    504: status.DEADLINE_EXCEEDED,
  };
  // A model that is not loaded may be before long: whoever asks again may be answered.
  if (problem.code === "inference/not-ready") return { code: status.UNAVAILABLE, details: textOf(error) };
  const code = codes[problem.status] ?? (problem.status < 500 ? status.INVALID_ARGUMENT : status.INTERNAL);
  return { code, details: textOf(error) };
}
