import { request } from "node:http";

export interface Answer {
  readonly status: number | undefined;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly body: Buffer;
  readonly json: unknown;
}

export interface Sent {
  readonly method?: string;
  readonly body?: string | Buffer;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Over a connection of its own: where several processes serve, the next one's in turn. */
export function askOnce(
  port: number,
  path: string,
  { body, method = body === undefined ? "GET" : "POST", headers = {} }: Sent = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    request({ host: "127.0.0.1", port, path, method, headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => {
        const whole = Buffer.concat(chunks);
        const isJson = response.headers["content-type"] === "application/json";
        const json: unknown = isJson ? JSON.parse(whole.toString()) : undefined;
        resolve({ status: response.statusCode, headers: response.headers, body: whole, json });
      });
    })
      .on("error", reject)
      .end(body);
  });
}
