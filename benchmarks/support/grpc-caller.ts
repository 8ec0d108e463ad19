import * as grpc from "@grpc/grpc-js";
import { callerReport } from "./caller-report.ts";

// Callers over gRPC, in a process of their own: `grpc-caller.ts PORT CONNECTIONS WARM_SECONDS SECONDS`, the message in base64
// on standard input. Each asks, waits for the answer, and asks again, on a connection of its own. Prints what `caller.ts` does.

const [port, connections, warmSeconds, seconds] = process.argv.slice(2).map(Number) as [number, number, number, number];
const chunks: Buffer[] = [];
for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
const message = Buffer.from(Buffer.concat(chunks).toString(), "base64");
const latencies: number[] = [];
let [asked, refused] = [0, 0];
const startedMs = performance.now();
const warmMs = startedMs + warmSeconds * 1_000;
const endMs = warmMs + seconds * 1_000;
const asItIs = (bytes: Buffer) => bytes;

await Promise.all(
  Array.from({ length: connections }, async () => {
    const client = new grpc.Client(`127.0.0.1:${port}`, grpc.credentials.createInsecure(), {
      "grpc.use_local_subchannel_pool": 1,
    });
    while (performance.now() < endMs) {
      const askedMs = performance.now();
      asked += 1;
      await new Promise<void>((resolve) =>
        client.makeUnaryRequest("/inference.GRPCInferenceService/ModelInfer", asItIs, asItIs, message, (error) => {
          if (error !== null) refused += 1;
          resolve();
        }),
      );
      const nowMs = performance.now();
      if (nowMs >= warmMs && nowMs < endMs) latencies.push(nowMs - askedMs);
    }
    client.close();
  }),
);
console.log(callerReport({ latencies, seconds, refused, asked }));
