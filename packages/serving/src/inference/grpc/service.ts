import type { Root, Type, Writer } from "protobufjs";
import { configSchema } from "../model-config.ts";
import { HEALTH_PROTO, REFLECTION_PROTO, SERVICE_PROTO } from "./service-proto.ts";

/** A method of the service, with how its messages are read and written. */
export interface Method {
  readonly name: string;
  readonly path: string;
  readonly isStream: boolean;
  readonly decode: (bytes: Buffer) => unknown;
  readonly encode: (message: unknown) => Buffer;
  /** The other side of it. */
  readonly encodeRequest: (message: unknown) => Buffer;
  readonly decodeResponse: (bytes: Buffer) => unknown;
}

/** What answers these is made as their messages have it, and need not be read over for that. */
const ANSWERED_IN_MESSAGES: ReadonlySet<string> = new Set(["ModelInfer", "ModelStreamInfer"]);

export const SERVICE_NAME = "inference.GRPCInferenceService";

/** The protocol's service and gRPC's own, from their definitions. */
export async function openService(): Promise<{ readonly root: Root; readonly methods: readonly Method[] }> {
  const { root } = await configSchema();
  const { default: protobuf } = await import("protobufjs");
  for (const text of [SERVICE_PROTO, HEALTH_PROTO, REFLECTION_PROTO]) protobuf.parse(text, root, { keepCase: true });
  root.resolveAll();
  const service = root.lookupService(SERVICE_NAME);
  const methods = service.methodsArray.map((method): Method => {
    const request = root.lookupType(`inference.${method.requestType}`);
    const response = root.lookupType(`inference.${method.responseType}`);
    return {
      name: method.name,
      path: `/${SERVICE_NAME}/${method.name}`,
      isStream: method.responseStream === true,
      decode: (bytes) => request.decode(bytes),
      encode: ANSWERED_IN_MESSAGES.has(method.name)
        ? (message) => bytesOf(response.encode(message as object))
        : (message) => encoded(response, message),
      encodeRequest: (message) => encoded(request, message),
      decodeResponse: (bytes) => response.decode(bytes),
    };
  });
  return { root, methods };
}

function encoded(type: Type, message: unknown): Buffer {
  return bytesOf(type.encode(type.fromObject(message as object)));
}

function bytesOf(written: Writer): Buffer {
  const bytes = written.finish();
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}
