import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";

/** A request of another system's client, as it came: the protocol reads it by rules of its own. */
export interface ProtocolRequest {
  readonly method: string;
  /** Below the protocol's prefix, still escaped: `/v1/namespaces/a%1Fb`. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: Uint8Array;
}

export interface ProtocolReply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** JSON unless the headers say otherwise; absent for an answer without content. */
  readonly body?: string | Uint8Array;
}

/** The protocol of another system, complete below a prefix of its own: it has its own bodies and its own errors. */
export interface Protocol {
  /** `/iceberg` */
  readonly prefix: string;
  answer(request: ProtocolRequest): Promise<ProtocolReply>;
  /** What went wrong, in the protocol's own words; also what was refused before it was asked. */
  refuse(error: unknown): ProtocolReply;
}

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
