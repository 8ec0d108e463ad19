import type * as Grpc from "@grpc/grpc-js";
import type { Root, Type } from "protobufjs";
import { UNREADABLE } from "./health.ts";
import { ENDING } from "./stream.ts";

const SERVICES = ["inference.GRPCInferenceService", "grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection"];
const NOT_FOUND = 5;

interface Described {
  readonly name: string;
  readonly package: string;
  readonly bytes: Uint8Array;
}

interface ReflectionRequest {
  readonly message_request?: string;
  readonly file_by_filename?: string;
  readonly file_containing_symbol?: string;
}

/** Tells what is served and of which messages, so that tools need no definition of their own. */
export async function addReflection(
  listening: Grpc.Server,
  { root, ending }: { readonly root: Root; readonly ending: AbortSignal },
): Promise<void> {
  const files = await describedFiles(root);
  const request = root.lookupType("grpc.reflection.v1.ServerReflectionRequest");
  const response = root.lookupType("grpc.reflection.v1.ServerReflectionResponse");
  const asItIs = (bytes: Buffer) => bytes;
  const serializers = {
    requestSerialize: asItIs,
    requestDeserialize: asItIs,
    responseSerialize: asItIs,
    responseDeserialize: asItIs,
  };
  for (const version of ["v1", "v1alpha"])
    listening.addService(
      {
        ServerReflectionInfo: {
          path: `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`,
          requestStream: true,
          responseStream: true,
          ...serializers,
        },
      },
      {
        ServerReflectionInfo: (call: Grpc.ServerDuplexStream<Buffer, Buffer>) => {
          call.on("data", (bytes: Buffer) => {
            try {
              call.write(answered(bytes, { request, response, files }));
            } catch {
              call.emit("error", UNREADABLE);
            }
          });
          const cutOff = () => call.emit("error", ENDING);
          const leave = () => ending.removeEventListener("abort", cutOff);
          ending.addEventListener("abort", cutOff);
          call.on("error", leave);
          call.on("cancelled", leave);
          call.on("end", () => {
            leave();
            call.end();
          });
        },
      },
    );
}

function answered(
  bytes: Buffer,
  {
    request,
    response,
    files,
  }: { readonly request: Type; readonly response: Type; readonly files: readonly Described[] },
): Buffer {
  const asked = request.decode(bytes) as unknown as ReflectionRequest;
  const answer = { original_request: asked, ...answerOf(asked, files) };
  return Buffer.from(response.encode(response.fromObject(answer)).finish());
}

function answerOf(asked: ReflectionRequest, files: readonly Described[]): object {
  if (asked.message_request === "list_services")
    return { list_services_response: { service: SERVICES.map((name) => ({ name })) } };
  const { file_by_filename: file, file_containing_symbol: symbol } = asked;
  const found = files.filter(({ name, package: owner }) => name === file || symbol?.startsWith(`${owner}.`) === true);
  return found.length > 0
    ? { file_descriptor_response: { file_descriptor_proto: found.map((described) => described.bytes) } }
    : { error_response: { error_code: NOT_FOUND, error_message: "nothing of this name is described" } };
}

async function describedFiles(root: Root): Promise<readonly Described[]> {
  const { default: descriptor } = await import("protobufjs/ext/descriptor.js");
  const { FileDescriptorProto } = descriptor;
  const { file = [] } = root.toDescriptor("proto3") as {
    readonly file?: readonly { readonly name?: string; readonly package?: string }[];
  };
  return file.map((described) => ({
    name: described.name ?? "",
    package: described.package ?? "",
    bytes: FileDescriptorProto.encode(described).finish(),
  }));
}
