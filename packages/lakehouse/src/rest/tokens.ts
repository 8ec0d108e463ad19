import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import type { Clock } from "@millwright/kernel";
import type { ProtocolReply, ProtocolRequest } from "@millwright/platform";
import { icebergErrors } from "../iceberg-errors.ts";

/** A program that may use the catalog. */
export interface CatalogClient {
  readonly id: string;
  readonly secret: string;
}

/** Tokens of OAuth2's client credentials (RFC 6749, section 4.4). */
export interface Tokens {
  /** An access token for an id and a secret, or OAuth2's own error. */
  grant(request: ProtocolRequest): ProtocolReply;
  /** Throws `iceberg/not-authorized` when clients are named and the request has no token of one. */
  check(request: Pick<ProtocolRequest, "headers">): void;
}

export interface TokenPlaces {
  readonly clock: Clock;
  clients(): readonly CatalogClient[];
}

const LIFETIME_SECONDS = 3_600;
const ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token";

/**
 * A token names its client and its end, sealed with that client's own secret: a token stays good when the server starts
 * anew, and ends with the secret.
 */
export function createTokens(places: TokenPlaces): Tokens {
  // Where no client is named a token opens nothing: whoever asks for one is given it, since clients insist.
  const open = randomBytes(32).toString("hex");
  const secretOf = (id: string) => {
    const known = places.clients();
    return known.length === 0 ? open : known.find((client) => client.id === id)?.secret;
  };
  const issue = (id: string, secret: string) => {
    const expires = Math.floor(places.clock.nowMs() / 1_000) + LIFETIME_SECONDS;
    const payload = Buffer.from(JSON.stringify([id, expires])).toString("base64url");
    return `${payload}.${sealOf(payload, secret)}`;
  };
  const clientOf = (token: string): string | undefined => {
    const [payload = "", seal = ""] = token.split(".");
    const [id, expires] = payloadOf(payload);
    const secret = secretOf(id);
    if (secret === undefined || !isSame(seal, sealOf(payload, secret))) return undefined;
    return expires * 1_000 > places.clock.nowMs() ? id : undefined;
  };
  return {
    grant: (request) => {
      const form = new URLSearchParams(Buffer.from(request.body).toString());
      const type = form.get("grant_type");
      if (type === "urn:ietf:params:oauth:grant-type:token-exchange") {
        const id = clientOf(form.get("subject_token") ?? "");
        const secret = id === undefined ? undefined : secretOf(id);
        return id === undefined || secret === undefined ? refused("invalid_grant") : granted(issue(id, secret));
      }
      if (type !== "client_credentials") return refused("unsupported_grant_type");
      const { id, secret } = credentialsOf(request, form);
      const own = secretOf(id);
      if (own === undefined || (own !== open && !isSame(secret, own))) return refused("invalid_client");
      return granted(issue(id, own));
    },
    check: ({ headers }) => {
      if (places.clients().length === 0) return;
      const { authorization } = headers;
      const token = typeof authorization === "string" ? /^Bearer (\S+)$/i.exec(authorization)?.[1] : undefined;
      if (token === undefined || clientOf(token) === undefined)
        throw icebergErrors.create("iceberg/not-authorized", {
          because: "Not authorized: a token of a client that millwright.ts names is needed",
        });
    },
  };
}

function credentialsOf({ headers }: ProtocolRequest, form: URLSearchParams): CatalogClient {
  const { authorization } = headers;
  const basic = typeof authorization === "string" ? /^Basic (\S+)$/i.exec(authorization)?.[1] : undefined;
  if (basic === undefined) return { id: form.get("client_id") ?? "", secret: form.get("client_secret") ?? "" };
  const [id = "", ...secret] = Buffer.from(basic, "base64").toString().split(":");
  return { id, secret: secret.join(":") };
}

function sealOf(payload: string, secret: string): string {
  return createHmac("sha256", secret).update(payload).digest("base64url");
}

function payloadOf(payload: string): readonly [string, number] {
  try {
    const [id, expires] = JSON.parse(Buffer.from(payload, "base64url").toString()) as readonly unknown[];
    return [typeof id === "string" ? id : "", typeof expires === "number" ? expires : 0];
  } catch {
    return ["", 0];
  }
}

/** In a time that does not tell how much of it was right. */
function isSame(given: string, expected: string): boolean {
  const seal = (text: string) => createHmac("sha256", "").update(text).digest();
  return timingSafeEqual(seal(given), seal(expected));
}

function granted(token: string): ProtocolReply {
  const answer = {
    access_token: token,
    token_type: "bearer",
    expires_in: LIFETIME_SECONDS,
    issued_token_type: ACCESS_TOKEN,
  };
  return { status: 200, body: JSON.stringify(answer) };
}

/** The protocol has OAuth2's errors here, not its own. */
function refused(error: "invalid_client" | "invalid_grant" | "unsupported_grant_type"): ProtocolReply {
  return { status: error === "invalid_client" ? 401 : 400, body: JSON.stringify({ error }) };
}
