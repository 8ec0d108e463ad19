import type { IncomingMessage, ServerResponse } from "node:http";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { isFromLoopback } from "./loopback.ts";
import type { Protocol, ProtocolReply, ProtocolRequest } from "./protocol.ts";

/** Puts a protocol's addresses into the server. Each body comes as it was sent, whatever it says that it is. */
export async function serveProtocol(app: FastifyInstance, protocol: Protocol): Promise<void> {
  await app.register(
    (inner, _options, done) => {
      inner.removeAllContentTypeParsers();
      inner.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, parsed) => parsed(null, body));
      inner.setErrorHandler((error, _request, reply) => send(reply, protocol.refuse(error)));
      inner.route({
        method: ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"],
        url: "/*",
        handler: async (request, reply) => {
          const answer = await protocol
            .answer(requestOf(request, protocol))
            .catch((error: unknown) => protocol.refuse(error));
          return send(reply, answer);
        },
      });
      done();
    },
    { prefix: protocol.prefix },
  );
}

/**
 * Answers at once what a protocol has at hand, before the server's own way of many steps; false for all else. `headers` are
 * the server's, in pairs.
 */
export function answerNow(
  protocols: readonly Protocol[],
  { request, response, headers }: { request: IncomingMessage; response: ServerResponse; headers: readonly string[] },
): boolean {
  const { method = "", url = "" } = request;
  if (method !== "GET" || !isFromLoopback(request.headers)) return false;
  const protocol = protocols.find((one) => url.startsWith(one.prefix));
  const reply = protocol?.answerNow?.({ method, path: url.slice(protocol.prefix.length), headers: request.headers });
  if (reply === undefined) return false;
  const { status, body } = reply;
  const own = ["cache-control", "no-store", ...headers, ...Object.entries(reply.headers ?? {}).flat()];
  if (body === undefined) response.writeHead(status, own).end();
  else
    response
      .writeHead(status, [...own, "content-type", JSON_TYPE, "content-length", String(Buffer.byteLength(body))])
      .end(body);
  return true;
}

const JSON_TYPE = "application/json; charset=utf-8";

function requestOf({ method, url, headers, body }: FastifyRequest, { prefix }: Protocol): ProtocolRequest {
  const [path = "", ...query] = url.slice(prefix.length).split("?");
  const bytes = body instanceof Uint8Array ? body : new Uint8Array();
  return { method, path, query: new URLSearchParams(query.join("?")), headers, body: bytes };
}

function send(reply: FastifyReply, { status, headers = {}, body }: ProtocolReply): FastifyReply {
  void reply.code(status).header("cache-control", "no-store");
  if (body !== undefined) void reply.type("application/json");
  return reply.headers(headers).send(body);
}
