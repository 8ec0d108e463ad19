import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import * as grpc from "@grpc/grpc-js";
import { InferenceSession, Tensor } from "onnxruntime-node";

// What HTTP and gRPC alone take around a model: `bare-inference.ts MODEL FEATURES`. Reads a request, runs the model, answers
// with as many bytes as the Open Inference Protocol has; checks, counts and logs nothing. Prints its two ports.

const [modelPath = "", features = "0"] = process.argv.slice(2);
const session = await InferenceSession.create(modelPath, { intraOpNumThreads: 1, interOpNumThreads: 1 });
const [input = ""] = session.inputNames;
const [output = ""] = session.outputNames;
const size = Number(features);

async function run(data: Float32Array): Promise<ArrayLike<number>> {
  const found = await session.run({ [input]: new Tensor("float32", data, [data.length / size, size]) }, [output]);
  return found[output]?.data as Float32Array;
}

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => {
    const { inputs } = JSON.parse(Buffer.concat(chunks).toString()) as {
      readonly inputs: readonly { data: number[] }[];
    };
    void run(Float32Array.from(inputs[0]?.data ?? [])).then((values) => {
      const body = JSON.stringify({
        model_name: "trees",
        model_version: "1",
        outputs: [{ name: output, datatype: "FP32", shape: [values.length, 1], data: Array.from(values) }],
      });
      response
        .writeHead(200, { "content-type": "application/json", "content-length": Buffer.byteLength(body) })
        .end(body);
    });
  });
});

/** The answer but for its last four bytes, which are the value: as long as the other server's. */
const asItIs = (bytes: Buffer) => bytes;
const listening = new grpc.Server();
listening.addService(
  {
    ModelInfer: {
      path: "/inference.GRPCInferenceService/ModelInfer",
      requestStream: false,
      responseStream: false,
      requestSerialize: asItIs,
      requestDeserialize: asItIs,
      responseSerialize: asItIs,
      responseDeserialize: asItIs,
    },
  },
  {
    ModelInfer: (call: grpc.ServerUnaryCall<Buffer, Buffer>, done: grpc.sendUnaryData<Buffer>) => {
      const raw = Buffer.from(call.request.subarray(call.request.length - size * 4));
      void run(new Float32Array(raw.buffer, raw.byteOffset, size)).then((values) => {
        const answer = Buffer.alloc(60);
        answer.writeFloatLE(Number(values[0]), 56);
        done(null, answer);
      });
    },
  },
);
listening.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, grpcPort) => {
  if (error !== null) throw error;
  server.listen(0, "127.0.0.1", () => console.log(`${(server.address() as AddressInfo).port} ${grpcPort}`));
});
