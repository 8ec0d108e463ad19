import type * as Grpc from "@grpc/grpc-js";
import type { Root } from "protobufjs";
import { areAllThere } from "../../shards/whole-server.ts";
import type { InferenceServer } from "../inference-server.ts";
import { SERVICE_NAME } from "./service.ts";

const SERVING = 1;
const NOT_SERVING = 2;
const SERVICE_UNKNOWN = 3;
const NOT_FOUND = 5;
/** Of a message that cannot be read: nothing of it may end the server. */
export const UNREADABLE = { code: 3, details: "the message cannot be read" } as const;

/** Answers for the server, for the inference service and for each model by its name. */
export function addHealth(
  listening: Grpc.Server,
  { root, server, ending }: { readonly root: Root; readonly server: InferenceServer; readonly ending: AbortSignal },
): void {
  const request = root.lookupType("grpc.health.v1.HealthCheckRequest");
  const response = root.lookupType("grpc.health.v1.HealthCheckResponse");
  const statusOf = async (bytes: Buffer): Promise<number> => {
    if (ending.aborted) return NOT_SERVING;
    const { service = "" } = request.decode(bytes) as { service?: string };
    if (service === "" || service === SERVICE_NAME) return (await areAllThere(server)) ? SERVING : NOT_SERVING;
    return stateOf(server, service);
  };
  const encode = (status: number) => Buffer.from(response.encode({ status }).finish());
  const method = (name: string, responseStream: boolean) => ({
    path: `/grpc.health.v1.Health/${name}`,
    requestStream: false,
    responseStream,
    requestSerialize: (bytes: Buffer) => bytes,
    requestDeserialize: (bytes: Buffer) => bytes,
    responseSerialize: (bytes: Buffer) => bytes,
    responseDeserialize: (bytes: Buffer) => bytes,
  });
  listening.addService(
    { Check: method("Check", false), Watch: method("Watch", true) },
    {
      Check: (call: Grpc.ServerUnaryCall<Buffer, Buffer>, done: Grpc.sendUnaryData<Buffer>) => {
        statusOf(call.request).then(
          (status) => {
            if (status === SERVICE_UNKNOWN) done({ code: NOT_FOUND, details: "there is no such service" });
            else done(null, encode(status));
          },
          () => done(UNREADABLE),
        );
      },
      // What is watched stays open: its caller is told once, and again by the end.
      Watch: (call: Grpc.ServerWritableStream<Buffer, Buffer>) => {
        const tellEnd = () => {
          call.write(encode(NOT_SERVING));
          call.end();
        };
        ending.addEventListener("abort", tellEnd);
        for (const over of ["cancelled", "error"]) call.on(over, () => ending.removeEventListener("abort", tellEnd));
        statusOf(call.request).then(
          (status) => call.write(encode(status)),
          () => call.emit("error", UNREADABLE),
        );
      },
    },
  );
}

async function stateOf({ models }: InferenceServer, name: string): Promise<number> {
  try {
    return (await models.answers(name)) ? SERVING : NOT_SERVING;
  } catch {
    return SERVICE_UNKNOWN;
  }
}
