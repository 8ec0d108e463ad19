import { lakehouseErrors } from "../errors.ts";
import type { Namespace } from "../domain/iceberg/identifiers.ts";
import { createRestHttp, type RestAddress, type RestHttp, type RestReply, type RestRequest } from "./rest-http.ts";

/** Another catalog after it was asked for its configuration. */
export interface RestSession {
  /** Throws the catalog's own error, but for the statuses that are waited for. */
  ask(request: RestRequest, expected?: readonly number[]): Promise<RestReply>;
  /** Of a change: `unknown` where the catalog did not say what came of it. */
  change(request: RestRequest, expected?: readonly number[]): Promise<RestReply | "unknown">;
  /** Whether it says that it has such an address: `GET /v1/{prefix}/namespaces/{namespace}/views`. */
  has(endpoint: string): boolean;
  /** All items of a list, page by page; undefined when there is no such place. */
  list(path: string, field: string, query?: Readonly<Record<string, string>>): Promise<readonly unknown[] | undefined>;
}

interface Config {
  readonly defaults?: Readonly<Record<string, string>>;
  readonly overrides?: Readonly<Record<string, string>>;
  readonly endpoints?: readonly string[];
}

const PAGES_MAX = 10_000;
const PAGE_SIZE = 1_000;
const SEPARATOR = "\u001f";

/** What a catalog that lists nothing is held to have, as the specification says. */
const VIEWS_BY_DEFAULT = /\/views?(?:\/|$)/;

/** Asks the catalog how it wants to be asked. Throws `lakehouse/catalog-unreachable`, `lakehouse/catalog-refused`. */
export async function openRestSession(address: RestAddress, warehouse: string | undefined): Promise<RestSession> {
  const http = createRestHttp(address);
  const query = warehouse === undefined ? "" : `?${new URLSearchParams({ warehouse }).toString()}`;
  const reply = await http.ask({ method: "GET", path: `config${query}` });
  refuseError(reply, []);
  const { defaults = {}, overrides = {}, endpoints } = (reply.body ?? {}) as Config;
  const prefix = overrides["prefix"] ?? defaults["prefix"];
  return sessionOf(http, { base: prefix === undefined ? "" : `${prefix}/`, endpoints });
}

function sessionOf(
  http: RestHttp,
  { base, endpoints }: { readonly base: string; readonly endpoints: readonly string[] | undefined },
): RestSession {
  const ask: RestSession["ask"] = async (request, expected = []) => {
    const reply = await http.ask({ ...request, path: base + request.path });
    refuseError(reply, expected);
    return reply;
  };
  return {
    ask,
    change: async (request, expected = []) => {
      const reply = await http.askOnce({ ...request, path: base + request.path });
      if (reply === "unknown" || reply.status >= 500) return "unknown";
      refuseError(reply, expected);
      return reply;
    },
    has: (endpoint) => endpoints?.includes(endpoint) ?? !VIEWS_BY_DEFAULT.test(endpoint),
    list: async (path, field, query = {}) => {
      const items: unknown[] = [];
      let token = "";
      for (let page = 0; page < PAGES_MAX; page += 1) {
        const asked = new URLSearchParams({ ...query, pageToken: token, pageSize: String(PAGE_SIZE) });
        const { status, body } = await ask({ method: "GET", path: `${path}?${asked.toString()}` }, [404]);
        if (status === 404) return undefined;
        const answer = (body ?? {}) as Readonly<Record<string, unknown>>;
        items.push(...((answer[field] ?? []) as readonly unknown[]));
        const next = answer["next-page-token"];
        if (typeof next !== "string" || next === "") return items;
        token = next;
      }
      throw refused(`a list has more than ${PAGES_MAX} pages`);
    },
  };
}

/** The levels of a namespace as a part of an address. */
export function levelsIn(namespace: Namespace): string {
  return encodeURIComponent(namespace.join(SEPARATOR));
}

interface ErrorBody {
  readonly error?: { readonly message?: unknown; readonly type?: unknown } | string;
}

const MESSAGE_LENGTH_MAX = 500;

function refuseError({ status, body }: RestReply, expected: readonly number[]): void {
  if (status < 300 || status === 304 || expected.includes(status)) return;
  const { error } = (body ?? {}) as ErrorBody;
  const { message, type } = typeof error === "object" ? error : { message: error, type: undefined };
  const told = [status, type, message].filter((one) => typeof one === "string" || typeof one === "number").join(" ");
  if (status === 401 || status === 403 || status === 419)
    throw lakehouseErrors.create("lakehouse/catalog-not-authorized", { because: told.slice(0, MESSAGE_LENGTH_MAX) });
  throw refused(told.slice(0, MESSAGE_LENGTH_MAX));
}

function refused(because: string): Error {
  return lakehouseErrors.create("lakehouse/catalog-refused", { because });
}
