import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

// What `node:http` alone takes: reads a request's JSON, answers with as many bytes as a prediction has. Prints its port.

const answer = JSON.stringify({
  id: "019a0000-0000-7000-8000-000000000000",
  model_name: "late-flights",
  model_version: "1",
  probability: 0.1234567890123456,
});

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => {
    JSON.parse(Buffer.concat(chunks).toString());
    response
      .writeHead(200, { "content-type": "application/json", "content-length": Buffer.byteLength(answer) })
      .end(answer);
  });
});
server.listen(0, "127.0.0.1", () => console.log((server.address() as AddressInfo).port));
