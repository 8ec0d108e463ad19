import { faultsOf, matches } from "@millwright/kernel";
import type { ProtocolReply, ProtocolRequest } from "@millwright/platform";
import type { Static, TSchema } from "typebox";
import { parseExactJson } from "../domain/iceberg/exact-json.ts";
import { checkIdentifier, checkNamespace, type Identifier, type Namespace } from "../domain/iceberg/identifiers.ts";
import { icebergErrors } from "../iceberg-errors.ts";
import type { ReplyCache } from "./reply-cache.ts";
import type { CatalogWorld } from "./world.ts";

/** One request of a client, with the parts of its path. */
export interface Call {
  readonly world: CatalogWorld;
  readonly params: Readonly<Record<string, string>>;
  readonly request: ProtocolRequest;
  readonly replies: ReplyCache;
}

/** One address of the protocol, as `GET /iceberg/v1/config` lists it. */
export interface CatalogRoute {
  readonly method: "GET" | "HEAD" | "POST" | "DELETE";
  /** `/v1/{prefix}/namespaces/{namespace}` */
  readonly path: string;
  /** Whether it answers a table as it is, by what is kept of its metadata file. */
  readonly isLoad?: boolean;
  handler(call: Call): Promise<ProtocolReply>;
}

/** The body of a request, as its schema has it. Throws `iceberg/bad-request`. */
export function bodyOf<Schema extends TSchema>({ request }: Call, schema: Schema): Static<Schema> {
  const body = parsed(request.body);
  if (matches(schema, body)) return body;
  const [error] = faultsOf(schema, body);
  throw icebergErrors.create("iceberg/bad-request", {
    because: `Cannot parse request: ${error?.instancePath ?? ""} ${error?.message ?? "is not as the protocol has it"}`,
  });
}

function parsed(bytes: Uint8Array): unknown {
  try {
    return parseExactJson(Buffer.from(bytes).toString());
  } catch (error) {
    throw icebergErrors.create("iceberg/bad-request", {
      because: "Cannot parse request: it is not JSON",
      cause: error,
    });
  }
}

const UNIT_SEPARATOR = "\u001f";

export function namespaceOf({ params }: Call): Namespace {
  return checkNamespace((params["namespace"] ?? "").split(UNIT_SEPARATOR));
}

/** The levels in a query's text; none for an empty one. */
export function levelsIn(text: string | null): Namespace {
  return text === null || text === "" ? [] : checkNamespace(text.split(UNIT_SEPARATOR));
}

export function identifierOf(call: Call): Identifier {
  return checkIdentifier({ namespace: namespaceOf(call), name: call.params["table"] ?? call.params["view"] ?? "" });
}

export interface Page<Item> {
  readonly items: readonly Item[];
  readonly next: string | undefined;
}

/** The part of a list that was asked for: all of it where no page was. A token names the last one of the page before. */
export function pageOf<Item>(
  { request: { query } }: Call,
  all: readonly Item[],
  nameOf: (item: Item) => string,
): Page<Item> {
  const token = query.get("pageToken");
  const asked = query.get("pageSize");
  if (asked === null && (token === null || token === "")) return { items: all, next: undefined };
  const size = asked === null ? 1_000 : Number(asked);
  if (!Number.isInteger(size) || size < 1)
    throw icebergErrors.create("iceberg/bad-request", { because: "Invalid pageSize: it is a number from 1 on" });
  const after = token === null || token === "" ? undefined : Buffer.from(token, "base64url").toString();
  const start = after === undefined ? 0 : all.findIndex((item) => nameOf(item) > after);
  if (start === -1) return { items: [], next: undefined };
  const items = all.slice(start, start + size);
  const last = items.at(-1);
  const isLast = last === undefined || start + size >= all.length;
  return { items, next: isLast ? undefined : Buffer.from(nameOf(last)).toString("base64url") };
}
