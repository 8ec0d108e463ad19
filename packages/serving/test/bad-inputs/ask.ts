import { request, type OutgoingHttpHeaders } from "node:http";
import { connect as connectHttp2 } from "node:http2";
import { connect } from "node:net";
import * as grpc from "@grpc/grpc-js";

/** Where a server answers. */
export interface Places {
  readonly restPort: number;
  readonly grpcPort: number;
}

/** What it answered: an HTTP status or gRPC's by its name, or what became of the connection; and its words. */
export interface Said {
  readonly status: string;
  readonly text: string;
}

export interface HttpAsked {
  readonly method?: string;
  readonly path: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: string | Buffer | object | undefined;
}

/** Asks over HTTP; a body that is an object is sent as JSON. */
export function askHttp(
  { restPort: port }: Places,
  { method = "POST", path, headers = {}, body }: HttpAsked,
): Promise<Said> {
  return new Promise((resolve, reject) => {
    const told = { "content-type": "application/json", ...headers };
    const asked = request({ host: "127.0.0.1", port, method, path, headers: told, agent: false }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
      response.on("end", () => resolve({ status: String(response.statusCode), text }));
    });
    asked.on("error", reject);
    asked.end(typeof body === "string" || Buffer.isBuffer(body) ? body : body && JSON.stringify(body));
  });
}

/** Writes bytes as they are, ends its side where that is asked, and reads until the server has closed or said nothing more. */
export function askRaw(port: number, bytes: string | Buffer, { isEnded = false } = {}): Promise<Said> {
  return new Promise((resolve) => {
    let said = "";
    const socket = connect(port, "127.0.0.1", () => (isEnded ? socket.end(bytes) : socket.write(bytes)));
    const over = () => resolve(saidOf(said));
    socket.on("data", (chunk: Buffer) => (said += chunk.toString("latin1")));
    socket.on("close", over);
    socket.on("error", over);
    // Peers there are that wait for ever.
    socket.setTimeout(5_000, () => {
      said ||= "WAITS\r\n\r\n";
      socket.destroy();
    });
  });
}

function saidOf(said: string): Said {
  const status = /^HTTP\/1\.1 (\d+)/.exec(said)?.[1] ?? (said.startsWith("WAITS") ? "waits on" : "closed");
  return { status, text: said.split("\r\n\r\n")[1] ?? "" };
}

const asItIs = (bytes: Buffer) => bytes;

/** Asks over gRPC with a message's bytes. */
export function askGrpc(
  { grpcPort }: Places,
  {
    path,
    bytes,
    deadlineMs,
    isCancelled = false,
    sendMax = -1,
  }: {
    readonly path: string;
    readonly bytes: Buffer;
    readonly deadlineMs?: number;
    readonly isCancelled?: boolean;
    readonly sendMax?: number;
  },
): Promise<Said> {
  const client = new grpc.Client(`127.0.0.1:${grpcPort}`, grpc.credentials.createInsecure(), {
    "grpc.max_send_message_length": sendMax,
  });
  const options = deadlineMs === undefined ? {} : { deadline: Date.now() + deadlineMs };
  return new Promise((resolve) => {
    const call = client.makeUnaryRequest(path, asItIs, asItIs, bytes, new grpc.Metadata(), options, (error) => {
      // The client tells how long it waited, and where.
      const text = (error?.details ?? "").replace(/^Deadline exceeded after .*/, "Deadline exceeded");
      resolve({ status: grpc.status[error?.code ?? 0] ?? "", text });
      client.close();
    });
    if (isCancelled) setImmediate(() => call.cancel());
  });
}

/** Sends the bytes of a call's stream as they are, whatever their prefix tells of them. */
export function askFrames(
  { grpcPort }: Places,
  {
    path,
    data,
    headers = {},
  }: { readonly path: string; readonly data: Buffer; readonly headers?: OutgoingHttpHeaders },
): Promise<Said> {
  return new Promise((resolve) => {
    const session = connectHttp2(`http://127.0.0.1:${grpcPort}`);
    const over = (said: Said) => {
      session.destroy();
      resolve(said);
    };
    session.on("error", () => over({ status: "closed", text: "" }));
    const told = { ":method": "POST", ":path": path, "content-type": "application/grpc", te: "trailers" };
    const stream = session.request({ ...told, ...headers });
    const heard: Record<string, string | number | undefined> = {};
    for (const event of ["response", "trailers"] as const)
      stream.on(event, (headers: object) => Object.assign(heard, headers));
    stream.on("error", () => undefined);
    stream.on("close", () => {
      const { "grpc-status": code, "grpc-message": text = "", ":status": status } = heard;
      const named = code === undefined ? String(status ?? "closed") : (grpc.status[Number(code)] ?? "");
      over({ status: named, text: decodeURIComponent(String(text)) });
    });
    stream.resume();
    stream.end(data);
    stream.setTimeout(5_000, () => over({ status: "waits on", text: "" }));
  });
}
