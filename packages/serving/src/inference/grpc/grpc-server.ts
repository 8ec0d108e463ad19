import { setMaxListeners } from "node:events";
import type { Duplex } from "node:stream";
import type * as Grpc from "@grpc/grpc-js";
import { toProblem, type Logger } from "@millwright/kernel";
import { requireAnswerable } from "../answer-size.ts";
import { callLimits } from "../call-limits.ts";
import { isFault } from "../errors.ts";
import type { InferenceServer } from "../inference-server.ts";
import { lazyHeaders } from "../request-headers.ts";
import { answererOf } from "../../shards/copying.ts";
import { openConnections } from "../../shards/open-connections.ts";
import type { GrpcAsked } from "../../shards/peer-questions.ts";
import type { Peer } from "../../shards/peer.ts";
import { grpcQuestion } from "../../shards/relayed-grpc.ts";
import { badRequest } from "../tensor.ts";
import { answers } from "./answers.ts";
import { addHealth } from "./health.ts";
import { formsOf, readInferMessage, writeInferMessage, type InferRequestMessage } from "./messages.ts";
import { modelNameIn } from "./model-name-in.ts";
import { addReflection } from "./reflection.ts";
import { openService, type Method } from "./service.ts";
import { statusWithAnswer } from "./status-with-answer.ts";
import { streamAnswers } from "./stream.ts";

export interface GrpcOptions {
  readonly host: string;
  /** Undefined where its connections are given to it. */
  readonly port: number | undefined;
  readonly bodyBytesMax: number;
  readonly logger: Logger;
}

export interface GrpcServer {
  /** 0 where it does not listen. */
  readonly port: number;
  /** Answers on a connection that another process let in. */
  take(connection: Duplex): void;
  /** Answers a call that came to another process for a model of `server`. Throws what the call would be refused with. */
  answerPeer(server: InferenceServer, asked: GrpcAsked, isCancelled: () => boolean): Promise<Buffer>;
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
    interceptors: [statusWithAnswer(grpc)],
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
  const credentials = grpc.ServerCredentials.createInsecure();
  const { host, port: wanted } = options;
  const port = wanted === undefined ? 0 : await bound(listening, `${host}:${wanted}`, credentials);
  const injector = wanted === undefined ? listening.createConnectionInjector(credentials) : undefined;
  const handed = openConnections();
  const close = async (timeoutMs: number) => {
    ending.abort();
    // The shutdown waits for connections that it has let in itself, and not for those that were handed to it.
    await Promise.all([closed(listening, timeoutMs), handed.none(timeoutMs)]);
  };
  return {
    port,
    take: (connection) => {
      handed.add(connection);
      injector?.injectConnection(connection);
    },
    answerPeer: async (own, { method: name, message, metadata, deadlineMs }, isCancelled) => {
      const method = named.get(name);
      if (method === undefined) throw badRequest(`${name} is not offered`);
      const value = (key: string) => metadata[key]?.[0];
      const caller: Caller = { metadata: () => metadata, value, deadlineMs, isCancelled };
      const { bodyBytesMax } = options;
      return answered(method, { bytes: message, caller, server: own, bodyBytesMax });
    },
    close,
  };
}

function bound(listening: Grpc.Server, address: string, credentials: Grpc.ServerCredentials): Promise<number> {
  return new Promise((resolve, reject) => {
    listening.bindAsync(address, credentials, (error, found) => (error === null ? resolve(found) : reject(error)));
  });
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

/** Whoever asks, in this process or through another. */
interface Caller {
  /** All values of each key. */
  readonly metadata: () => Readonly<Record<string, readonly string[]>>;
  /** The first value of one. */
  readonly value: (key: string) => string | undefined;
  /** Wall time since the epoch. */
  readonly deadlineMs: number;
  readonly isCancelled: () => boolean;
}

function handlerOf(method: Method, parts: Parts): Grpc.UntypedHandleCall {
  if (method.isStream)
    return ((call: Grpc.ServerDuplexStream<Buffer, Buffer>) => {
      const caller = callerOf(call);
      streamAnswers(call, {
        answer: async (bytes) => method.encode(await streamed(bytes, { method, caller, parts })),
        failed: (bytes, error) => method.encode(failure(method, bytes, error)),
        ending: parts.ending,
      });
    }) as Grpc.UntypedHandleCall;
  return ((call: UnaryCall, done: Grpc.sendUnaryData<Buffer>) => {
    const { server, options } = parts;
    const asked = { bytes: call.request, caller: callerOf(call), server, bodyBytesMax: options.bodyBytesMax };
    answered(method, asked).then(
      (bytes) => done(null, bytes),
      (error: unknown) => done(statusOf(error, parts)),
    );
  }) as Grpc.UntypedHandleCall;
}

function callerOf(call: Pick<UnaryCall, "metadata" | "cancelled" | "getDeadline">): Caller {
  return {
    metadata: () => textsOf(call.metadata),
    value: (key) => call.metadata.get(key)[0]?.toString(),
    deadlineMs: Number(call.getDeadline()),
    isCancelled: () => call.cancelled,
  };
}

/** All values of each key; `getMap` has the first alone. */
function textsOf(metadata: Grpc.Metadata): Readonly<Record<string, readonly string[]>> {
  return Object.fromEntries(Object.keys(metadata.getMap()).map((key) => [key, metadata.get(key).map(String)]));
}

interface Asked {
  readonly bytes: Buffer;
  readonly caller: Caller;
  readonly server: InferenceServer;
  readonly bodyBytesMax: number;
}

/** One call, by the process whose model it is about. */
async function answered(method: Method, { bytes, caller, server, bodyBytesMax }: Asked): Promise<Buffer> {
  const isInference = method.name === "ModelInfer";
  const elsewhere = isInference ? inferredElsewhere(bytes, caller, server) : undefined;
  if (elsewhere !== undefined) return elsewhere;
  const message = decoded(method, bytes);
  if (isInference) return method.encode(await inferred(message, { caller, server, bodyBytesMax }));
  const beside = OF_ONE_MODEL.has(method.name) ? modelBeside(caller) : undefined;
  if (beside !== undefined) (message as { name: string }).name = beside;
  const owner = ownerOf(server, message);
  if (owner !== undefined) return relayGrpc(owner, { method: method.name, message: bytes }, caller);
  const found = await answers[method.name]?.(server, message as never);
  if (found === undefined) throw badRequest(`${method.name} is not offered`);
  return method.encode(found);
}

/** An inference by another process; undefined where it is this one's. Nothing but the model's name is read of it. */
function inferredElsewhere(bytes: Buffer, caller: Caller, server: InferenceServer): Promise<Buffer> | undefined {
  if (server.shards === undefined) return undefined;
  const answerer = answererOf(server, modelBeside(caller) ?? modelNameIn(bytes));
  if (answerer === undefined) return undefined;
  const askedMs = performance.now();
  return relayGrpc(answerer.peer, { method: "ModelInfer", message: bytes }, caller).then((answer) => {
    answerer.answered(performance.now() - askedMs);
    return answer;
  });
}

/** The process that answers for the model of a message; undefined where it is this one, or the message is of no model. */
function ownerOf({ shards }: InferenceServer, message: unknown): Peer | undefined {
  const { model_name, name, version } = message as Readonly<
    Record<"model_name" | "name" | "version", string | undefined>
  >;
  const asked = model_name ?? name ?? "";
  // Regions of shared memory have names too, and they are every process's.
  const isOfRegion = model_name === undefined && version === undefined;
  return asked === "" || isOfRegion ? undefined : shards?.ownerOf(asked);
}

async function relayGrpc(
  peer: Peer,
  { method, message }: Pick<GrpcAsked, "method" | "message">,
  { metadata, deadlineMs, isCancelled }: Caller,
): Promise<Buffer> {
  const question = grpcQuestion({ method, message, metadata: metadata(), deadlineMs });
  return (await peer.send(question, { isGone: isCancelled })).body;
}

function decoded(method: Method, bytes: Buffer): unknown {
  try {
    return method.decode(bytes);
  } catch (cause) {
    throw badRequest(`the message cannot be read: ${cause instanceof Error ? cause.message : ""}`);
  }
}

/** Metadata by which callers of ModelMesh name the model, whatever the message says; `-bin` is UTF-8. */
const BESIDE = ["mm-vmodel-id", "mm-model-id", "mm-vmodel-id-bin", "mm-model-id-bin"];
const OF_ONE_MODEL: ReadonlySet<string> = new Set(["ModelReady", "ModelMetadata", "ModelConfig"]);

function modelBeside({ value }: Caller): string | undefined {
  for (const key of BESIDE) {
    const named = value(key);
    if (named !== undefined) return named;
  }
  return undefined;
}

/** One inference. */
async function inferred(message: unknown, { caller, server, bodyBytesMax }: Omit<Asked, "bytes">): Promise<object> {
  const arrivedMs = server.clock.monotonicMs();
  const asked = message as InferRequestMessage;
  const served = await server.models.obtain(modelBeside(caller) ?? asked.model_name, asked.model_version);
  const read = readInferMessage(asked, server.memory);
  const limits = callLimits(read.parameters, { arrivedMs, waitsMs: caller.deadlineMs - server.clock.nowMs() });
  const { isCancelled } = caller;
  const id = asked.id === "" ? undefined : asked.id;
  const headers = lazyHeaders(caller.metadata);
  const outputs = await server.infer(served, { ...read, ...limits, headers, id, arrivedMs, isCancelled });
  requireAnswerable(outputs, bodyBytesMax, formsOf(read, outputs));
  return writeInferMessage(read, { served, id: asked.id, outputs, memory: server.memory });
}

async function streamed(
  bytes: Buffer,
  {
    method,
    caller,
    parts: {
      server,
      named,
      options: { bodyBytesMax },
    },
  }: { readonly method: Method; readonly caller: Caller; readonly parts: Parts },
): Promise<object> {
  const message = decoded(method, bytes);
  const elsewhere = inferredElsewhere(bytes, caller, server);
  const answer =
    elsewhere === undefined
      ? await inferred(message, { caller, server, bodyBytesMax })
      : (named.get("ModelInfer")?.decodeResponse(await elsewhere) as object);
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
  // A model that is not loaded, and a process that is not there, may be before long: whoever asks again may be answered.
  if (problem.code === "inference/not-ready" || problem.code === "inference/shard-away")
    return { code: status.UNAVAILABLE, details: textOf(error) };
  const code = codes[problem.status] ?? (problem.status < 500 ? status.INVALID_ARGUMENT : status.INTERNAL);
  return { code, details: textOf(error) };
}
