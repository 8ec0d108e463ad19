import * as grpc from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openService } from "../src/inference/grpc/service.ts";
import { serveEcho } from "./support/tagged-models.ts";

// What gRPC's own tools ask: health and reflection.

let served: Awaited<ReturnType<typeof serveEcho>>;
let client: grpc.Client;
beforeAll(async () => {
  served = await serveEcho();
  client = new grpc.Client(served.grpcAddress, grpc.credentials.createInsecure());
});
afterAll(async () => {
  client.close();
  await served.close();
});

const asItIs = (bytes: Buffer) => bytes;

async function health(service: string): Promise<number> {
  const { root } = await openService();
  const request = root.lookupType("grpc.health.v1.HealthCheckRequest");
  const response = root.lookupType("grpc.health.v1.HealthCheckResponse");
  const asked = Buffer.from(request.encode({ service }).finish());
  const bytes = await new Promise<Buffer>((resolve, reject) => {
    client.makeUnaryRequest("/grpc.health.v1.Health/Check", asItIs, asItIs, asked, (error, answer) =>
      error === null && answer !== undefined ? resolve(answer) : reject(error ?? new Error("no answer")),
    );
  });
  return (response.decode(bytes) as unknown as { status: number }).status;
}

describe("gRPC's own services", () => {
  test("health: of the server, the service, each model; an unknown one is not found", async () => {
    for (const service of ["", "inference.GRPCInferenceService", "echo"]) expect(await health(service)).toBe(1);
    await served.models.unload("echo");
    expect(await health("echo")).toBe(2);
    await served.models.load("echo");
    await expect(health("nobody")).rejects.toMatchObject({ code: grpc.status.NOT_FOUND });
  });

  test("a message that cannot be read is refused, and the server goes on", async () => {
    const unreadable = Buffer.from([0x0a, 0xff]);
    const endOf = (call: grpc.Call) => new Promise<number>((resolve) => call.on("status", ({ code }) => resolve(code)));
    const ignored = (call: grpc.ClientReadableStream<Buffer>) => call.on("error", () => {}).on("data", () => {});
    const check = client.makeUnaryRequest("/grpc.health.v1.Health/Check", asItIs, asItIs, unreadable, () => {});
    const watch = client.makeServerStreamRequest("/grpc.health.v1.Health/Watch", asItIs, asItIs, unreadable);
    const path = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";
    const reflection = client.makeBidiStreamRequest(path, asItIs, asItIs);
    ignored(watch);
    ignored(reflection);
    reflection.write(unreadable);
    expect(await Promise.all([check, watch, reflection].map(endOf))).toEqual([3, 3, 3]);
    expect(await health("echo")).toBe(1);
  });

  test("a load may bring the model's files, as bytes", async () => {
    const { root } = await openService();
    const request = root.lookupType("inference.RepositoryModelLoadRequest");
    const parameters = { config: { string_param: "{}" }, "file:3/model.onnx": { bytes_param: Buffer.from("network") } };
    const asked = Buffer.from(request.encode({ model_name: "given", parameters }).finish());
    await new Promise<void>((resolve, reject) => {
      const path = "/inference.GRPCInferenceService/RepositoryModelLoad";
      client.makeUnaryRequest(path, asItIs, asItIs, asked, (error) => (error === null ? resolve() : reject(error)));
    });
    expect(served.models.find("given").version).toBe("3");
    await served.models.unload("given");
  });

  test("reflection lists what is served, and describes it", async () => {
    const { root } = await openService();
    const request = root.lookupType("grpc.reflection.v1.ServerReflectionRequest");
    const response = root.lookupType("grpc.reflection.v1.ServerReflectionResponse");
    const path = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";
    const stream = client.makeBidiStreamRequest(path, asItIs, asItIs);
    const answers: Record<string, { service?: { name: string }[]; file_descriptor_proto?: Uint8Array[] }>[] = [];
    stream.on("data", (bytes: Buffer) => answers.push(response.toObject(response.decode(bytes))));
    for (const asked of [{ list_services: "" }, { file_containing_symbol: "inference.GRPCInferenceService" }])
      stream.write(Buffer.from(request.encode(asked).finish()));
    stream.end();
    await new Promise((resolve) => stream.on("end", resolve));
    expect(answers[0]?.["list_services_response"]?.service).toContainEqual({ name: "inference.GRPCInferenceService" });
    const [file] = answers[1]?.["file_descriptor_response"]?.file_descriptor_proto ?? [];
    expect(Buffer.from(file ?? []).toString("latin1")).toContain("ModelStreamInfer");
  });
});
