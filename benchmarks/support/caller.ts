import { connect } from "node:net";
import { callerReport } from "./caller-report.ts";

// The callers of a service, in a process of their own: `caller.ts PORT CONNECTIONS WARM_SECONDS SECONDS PATH`, bodies as JSON
// lines on standard input; a line that is a JSON text is a whole request without a body. Each connection asks, waits for the
// answer, and asks again. Prints requests a second and latencies in milliseconds of the seconds after those that warm, and
// its own processor time over all.

const [port, connections, warmSeconds, seconds] = process.argv.slice(2, 6).map(Number) as [
  number,
  number,
  number,
  number,
];
const path = process.argv[6] ?? "/";
/** As each server writes it. */
const LENGTH = /content-length: /i;
const rows = await standardInput();
const requests = rows.map((row) =>
  row.startsWith('"')
    ? Buffer.from(JSON.parse(row) as string)
    : Buffer.from(
        `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(row)}\r\n\r\n${row}`,
      ),
);
const latencies: number[] = [];
let refused = 0;
let asked = 0;
const startedMs = performance.now();
const warmMs = startedMs + warmSeconds * 1_000;
const endMs = warmMs + seconds * 1_000;
await Promise.all(Array.from({ length: connections }, (_, connection) => keepAsking(connection)));
console.log(callerReport({ latencies, seconds, refused, asked }));

/** Only whole answers of a known length come back, so finding its end is enough. */
function keepAsking(connection: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port, noDelay: true });
    let next = connection * 97;
    let askedMs = 0;
    let received = "";
    const ask = () => {
      askedMs = performance.now();
      if (askedMs >= endMs) {
        socket.end();
        resolve();
        return;
      }
      received = "";
      asked += 1;
      socket.write(requests[next++ % requests.length] ?? "");
    };
    socket.on("connect", ask);
    socket.on("error", reject);
    socket.setEncoding("latin1");
    socket.on("data", (chunk: string) => {
      received += chunk;
      if (!isWhole(received)) return;
      const nowMs = performance.now();
      if (!/^HTTP\/1\.1 (?:200|304)/.test(received)) refused += 1;
      if (nowMs >= warmMs && nowMs < endMs) latencies.push(nowMs - askedMs);
      ask();
    });
  });
}

function isWhole(received: string): boolean {
  const headEnd = received.indexOf("\r\n\r\n");
  if (headEnd === -1) return false;
  if (received.startsWith("HTTP/1.1 304")) return true;
  const at = received.search(LENGTH);
  if (at === -1) throw new Error(`an answer does not tell its length: ${received.slice(0, headEnd)}`);
  return received.length >= headEnd + 4 + Number.parseInt(received.slice(at + "content-length: ".length), 10);
}

async function standardInput(): Promise<readonly string[]> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString().trim().split("\n");
}
