import type { Clock } from "@millwright/kernel";
import { lakehouseErrors } from "../errors.ts";

/** What a catalog knows its caller by: a token as it stands, or an id and a secret for one (OAuth2, client credentials). */
export interface Credentials {
  readonly token?: string;
  readonly client?: { readonly id: string; readonly secret: string; readonly scope?: string };
  /** Where tokens are granted; unless told, the catalog's own `/v1/oauth/tokens`. */
  readonly tokenUrl?: string;
}

export interface TokenSource {
  /** The token that is good now; undefined where none is asked for. */
  token(): Promise<string | undefined>;
  /** A new one after one was refused; undefined where there is no way to get one. */
  renewed(): Promise<string | undefined>;
}

interface Granted {
  readonly token: string;
  readonly renewAtMs: number;
}

type Send = (url: string, init: RequestInit) => Promise<{ readonly status: number; readonly text: string }>;

/** What part of a token's life is lived before it is renewed, so that it does not end on its way. */
const LIVED = 0.8;
const LIFETIME_SECONDS = 3_600;

/** Tokens by RFC 6749, section 4.4. Throws `lakehouse/catalog-not-authorized`. */
export function createTokenSource(
  { token, client, tokenUrl, clock }: Credentials & { readonly clock: Clock },
  { root, send }: { readonly root: string; readonly send: Send },
): TokenSource {
  if (client === undefined) return { token: () => Promise.resolve(token), renewed: () => Promise.resolve(undefined) };
  let granting: Promise<Granted> | undefined;
  const grant = (): Promise<Granted> => {
    const next = requestToken({ url: tokenUrl ?? `${root}/v1/oauth/tokens`, client, nowMs: clock.nowMs() }, send);
    granting = next;
    next.catch(() => {
      if (granting === next) granting = undefined;
    });
    return next;
  };
  return {
    token: async () => {
      const known = await granting;
      return (known !== undefined && clock.nowMs() < known.renewAtMs ? known : await grant()).token;
    },
    renewed: async () => (await grant()).token,
  };
}

async function requestToken(
  {
    url,
    client,
    nowMs,
  }: { readonly url: string; readonly client: NonNullable<Credentials["client"]>; readonly nowMs: number },
  send: Send,
): Promise<Granted> {
  const body = new URLSearchParams({
    grant_type: "client_credentials",
    client_id: client.id,
    client_secret: client.secret,
    scope: client.scope ?? "catalog",
  });
  const headers = { "content-type": "application/x-www-form-urlencoded", accept: "application/json" };
  const { status, text } = await send(url, { method: "POST", headers, body: body.toString() });
  const { access_token: token, expires_in: seconds = LIFETIME_SECONDS } = status === 200 ? grantIn(text) : {};
  if (typeof token === "string" && typeof seconds === "number")
    return { token, renewAtMs: nowMs + seconds * 1_000 * LIVED };
  throw lakehouseErrors.create("lakehouse/catalog-not-authorized", {
    because: `no token was granted for the client ${client.id} (${status})`,
  });
}

function grantIn(text: string): { readonly access_token?: unknown; readonly expires_in?: unknown } {
  try {
    return (JSON.parse(text) ?? {}) as { access_token?: unknown; expires_in?: unknown };
  } catch {
    return {};
  }
}
