import * as grpc from "@grpc/grpc-js";
import { openService } from "../../src/inference/grpc/service.ts";

/** Asks a server by the methods of the Open Inference Protocol over gRPC. */
export async function grpcCaller(port: number) {
  const client = new grpc.Client(`127.0.0.1:${port}`, grpc.credentials.createInsecure());
  const { methods } = await openService();
  const asItIs = (bytes: Buffer) => bytes;
  return {
    call: (name: string, message: object, metadata: Readonly<Record<string, string>> = {}): Promise<object> => {
      const method = methods.find((one) => one.name === name);
      if (method === undefined) throw new Error(`there is no ${name}`);
      const told = new grpc.Metadata();
      for (const [key, value] of Object.entries(metadata)) told.set(key, value);
      return new Promise((resolve, reject) => {
        client.makeUnaryRequest(method.path, asItIs, asItIs, method.encodeRequest(message), told, (error, bytes) =>
          error !== null || bytes === undefined ? reject(error) : resolve(method.decodeResponse(bytes) as object),
        );
      });
    },
    close: () => client.close(),
  };
}
