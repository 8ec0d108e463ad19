import { lookup as lookUp } from "node:dns";
import { get as getPlain, type IncomingMessage, type OutgoingHttpHeaders } from "node:http";
import { get as getSecure } from "node:https";
import { BlockList, isIP, type LookupFunction } from "node:net";
import { shownUrl, wrongUri } from "./model-uri.ts";

const REDIRECTS_MAX = 5;
/** Without a byte for so long, a server is given up. */
const IDLE_MS_MAX = 30_000;

/** This machine's and private networks' own addresses: where a stranger's redirect could reach what only we may ask. */
const INNER = new BlockList();
for (const [address, prefix] of [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.168.0.0", 16],
] as const)
  INNER.addSubnet(address, prefix, "ipv4");
for (const [address, prefix] of [
  ["::", 127],
  ["fc00::", 7],
  ["fe80::", 10],
] as const)
  INNER.addSubnet(address, prefix, "ipv6");

/**
 * Asks for an address, and where it redirects to, up to five times. A redirect goes to the same host or to a public one:
 * never into this machine or a private network, and never from https to http. Throws `inference/model-uri` or what the
 * connection says.
 */
export async function getFollowing(first: URL, headers: OutgoingHttpHeaders): Promise<IncomingMessage> {
  let url = first;
  for (let hop = 0; hop <= REDIRECTS_MAX; hop += 1) {
    const response = await ask(url, { headers, isFree: url.host === first.host });
    const { statusCode = 0 } = response;
    const { location } = response.headers;
    if (![301, 302, 303, 307, 308].includes(statusCode) || location === undefined) return response;
    response.destroy();
    url = nextUrl(url, location);
  }
  throw wrongUri(shownUrl(first), `it redirects more than ${REDIRECTS_MAX} times`);
}

function nextUrl(from: URL, location: string): URL {
  const next = URL.parse(location, from);
  if (next === null || (next.protocol !== "https:" && next.protocol !== "http:"))
    throw wrongUri(shownUrl(from), "it redirects to what is no address of HTTP");
  if (from.protocol === "https:" && next.protocol === "http:")
    throw wrongUri(shownUrl(from), "it redirects from https to http");
  return next;
}

function ask(
  url: URL,
  { headers, isFree }: { readonly headers: OutgoingHttpHeaders; readonly isFree: boolean },
): Promise<IncomingMessage> {
  const host = url.hostname.replace(/^\[|\]$/g, "");
  if (!isFree && isIP(host) !== 0 && isInner(host)) return Promise.reject(inwards(url));
  const get = url.protocol === "https:" ? getSecure : getPlain;
  const options = {
    headers: { ...headers, "accept-encoding": "identity", "user-agent": "millwright" },
    timeout: IDLE_MS_MAX,
    // A connection of its own: one that is kept open was not looked up for this address.
    agent: false,
    ...(isFree ? {} : { lookup: publicOnly(url) }),
  };
  return new Promise((resolve, reject) => {
    const request = get(url, options, resolve);
    request.once("timeout", () => request.destroy(new Error(`nothing came for ${IDLE_MS_MAX / 1_000} s`)));
    request.once("error", reject);
  });
}

/** Looks a host up once, and connects to what was found: a name that is another address a moment later gains nothing. */
function publicOnly(url: URL): LookupFunction {
  return (hostname, options, done) => {
    lookUp(hostname, { ...options, all: true }, (error, addresses) => {
      const [first] = addresses ?? [];
      if (error !== null || first === undefined) done(error ?? new Error(`${hostname} has no address`), "");
      else if (addresses.some(({ address }) => isInner(address))) done(inwards(url), "");
      else if (options.all === true) done(null, addresses);
      else done(null, first.address, first.family);
    });
  };
}

/** IPv4 within IPv6 counts as what it is. */
function isInner(address: string): boolean {
  return INNER.check(address, isIP(address) === 6 ? "ipv6" : "ipv4");
}

function inwards(url: URL): NodeJS.ErrnoException {
  return wrongUri(shownUrl(url), "a redirect leads into this machine or its network");
}
