import { askHttp, askRaw, type Places } from "./ask.ts";
import { BODY_BYTES_MAX, ECHO, http, type BadInput } from "./rest-rows.ts";

const INNER = "GET /v2 HTTP/1.1\r\nHost: localhost\r\n\r\n";
const head = (...headers: readonly string[]) =>
  [`POST ${ECHO} HTTP/1.1`, "Host: localhost", ...headers, "", ""].join("\r\n");

/** A row that is written on the socket as it is. */
function raw(
  name: string,
  [status, code]: readonly [string, string],
  bytes: string | Buffer,
  options: { readonly isEnded?: boolean } = {},
): BadInput {
  return {
    name,
    status,
    code: `inference/${code}`,
    ask: ({ restPort }: Places) => askRaw(restPort, bytes, options),
  };
}

const UNREADABLE = ["400", "unreadable"] as const;
const HUNDRED_MB = 100 * 2 ** 20;

export const httpRows: readonly BadInput[] = [
  raw(
    "smuggling: Content-Length and Transfer-Encoding",
    UNREADABLE,
    `${head("Content-Length: 4", "Transfer-Encoding: chunked")}0\r\n\r\n${INNER}`,
  ),
  raw("smuggling: two Content-Lengths", UNREADABLE, `${head("Content-Length: 4", "Content-Length: 9")}${INNER}`),
  raw("smuggling: a blank before the colon", UNREADABLE, `${head("Transfer-Encoding : chunked")}0\r\n\r\n${INNER}`),
  raw(
    "smuggling: an encoding after chunked",
    UNREADABLE,
    `${head("Transfer-Encoding: chunked, gzip")}0\r\n\r\n${INNER}`,
  ),
  raw("a Content-Length that is no number", UNREADABLE, `${head("Content-Length: 5x")}hello`),
  raw("a Content-Length below nothing", UNREADABLE, head("Content-Length: -5")),
  raw("a chunk whose size is no number", UNREADABLE, `${head("Transfer-Encoding: chunked")}zz\r\nhello\r\n0\r\n\r\n`),
  raw("a chunk longer than its size", UNREADABLE, `${head("Transfer-Encoding: chunked")}3\r\nhello\r\n0\r\n\r\n`),
  raw("a header that goes on in the next line", UNREADABLE, `${head("X-One: 1\r\n 2", "Content-Length: 0")}`),
  raw("a NUL in a header", UNREADABLE, head("X-One: \0", "Content-Length: 0")),
  {
    name: "no Host",
    status: "400",
    ask: ({ restPort }) => askRaw(restPort, `POST ${ECHO} HTTP/1.1\r\nContent-Length: 0\r\n\r\n`),
  },
  raw("a method that is none", UNREADABLE, `FETCH ${ECHO} HTTP/1.1\r\nHost: localhost\r\n\r\n`),
  raw("a TLS handshake", UNREADABLE, Buffer.from("160301020001000001fc0303", "hex")),
  raw("no HTTP at all", UNREADABLE, "hello\r\n\r\n"),
  raw("headers of 20 kB", ["431", "large-headers"], head(`X-One: ${"x".repeat(20_000)}`, "Content-Length: 0")),
  raw("headers that do not end", ["408", "slow"], "POST /v2 HTTP/1.1\r\nHost: localhost\r\n"),
  raw("a body that does not come", ["408", "slow"], `${head("Content-Length: 500")}{"inputs"`),
  raw("a body that is cut off by the end of the stream", UNREADABLE, `${head("Content-Length: 500")}{"inputs"`, {
    isEnded: true,
  }),
  raw("a body of 100 MB that is announced", ["413", "too-large"], head(`Content-Length: ${HUNDRED_MB}`)),
  raw("an Expect that nobody meets", ["417", "expectation"], head("Expect: the-impossible", "Content-Length: 0")),
  {
    ...http("a body of 3 MB in chunks, its length untold", [413, "too-large"], {}),
    ask: (places) =>
      askHttp(places, {
        path: ECHO,
        headers: { "transfer-encoding": "chunked" },
        body: Buffer.alloc(3 * BODY_BYTES_MAX),
      }),
  },
  http("a Host of another site", [403, "foreign-caller"], { headers: { host: "evil.example" }, body: {} }),
  http("an Origin of another site", [403, "foreign-caller"], { headers: { origin: "https://evil.example" }, body: {} }),
];
