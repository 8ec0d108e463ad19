import type { Clock, Logger } from "@millwright/kernel";
import { isMillError } from "@millwright/kernel";
import type { Protocol, ProtocolReply, ProtocolRequest } from "@millwright/platform";
import { icebergErrors } from "./iceberg-errors.ts";
import { keyOf } from "./domain/iceberg/identifiers.ts";
import type { IcebergEntries } from "./ports.ts";
import { identifierOf, type CatalogRoute } from "./rest/call.ts";
import { createLoadsAtHand, type LoadsAtHand } from "./rest/loads-at-hand.ts";
import { namespaceRoutes } from "./rest/namespace-routes.ts";
import { createReplyCache, type ReplyCache } from "./rest/reply-cache.ts";
import { asError, errorReply, json } from "./rest/replies.ts";
import { tableRoutes } from "./rest/table-routes.ts";
import { viewRoutes } from "./rest/view-routes.ts";
import type { CatalogWorld } from "./rest/world.ts";

import { createTokens, type CatalogClient, type Tokens } from "./rest/tokens.ts";

export type { CatalogWorld } from "./rest/world.ts";

export interface IcebergPlaces {
  /** The warehouse's name: the project's. */
  readonly name: string;
  readonly logger: Logger;
  readonly clock: Clock;
  /** The URL of the catalog that the project's tables are in, where that is another. */
  readonly elsewhere?: string | undefined;
  /** Who may ask; with none, whoever reaches the server. */
  clients(): readonly CatalogClient[];
  /** Where a table of main is; undefined, too, where it cannot be told at once. */
  locateNow?(key: string): ReturnType<NonNullable<IcebergEntries["locateNow"]>>;
  /** The catalog of main, or of a branch; undefined when there is no such branch. */
  world(branch: string): Promise<CatalogWorld | undefined>;
}

const ROUTES: readonly CatalogRoute[] = [...namespaceRoutes, ...tableRoutes, ...viewRoutes];
const ENDPOINTS = ROUTES.map(({ method, path }) => `${method} ${path}`);
const MAIN = "main";

/** The Iceberg REST catalog below `/iceberg`: a warehouse is the project, or a branch of it as `NAME@branch`. */
export function icebergProtocol(places: IcebergPlaces): Protocol {
  const tokens = createTokens(places);
  const replies = createReplyCache();
  const atHand = createLoadsAtHand({ tokens, replies, locate: (key) => places.locateNow?.(key) });
  return {
    prefix: "/iceberg",
    answer: (request) => answer(places, { tokens, replies, atHand }, request),
    answerNow: (request) => atHand.answer(request),
    refuse: (error) => {
      if (!isMillError(error)) places.logger.error({ err: error }, "a request of the Iceberg catalog failed");
      return errorReply(asError(error));
    },
  };
}

interface Kept {
  readonly tokens: Tokens;
  readonly replies: ReplyCache;
  readonly atHand: LoadsAtHand;
}

async function answer(
  places: IcebergPlaces,
  { tokens, replies, atHand }: Kept,
  request: ProtocolRequest,
): Promise<ProtocolReply> {
  const [version, ...segments] = request.path.split("/").slice(1).map(unescaped);
  if (version !== "v1") throw unknown(request);
  if (segments.join("/") === "oauth/tokens" && request.method === "POST") return tokens.grant(request);
  tokens.check(request);
  if (places.elsewhere !== undefined)
    throw icebergErrors.create("iceberg/no-such-warehouse", {
      because: `The tables of ${places.name} are in another catalog: ${places.elsewhere}`,
    });
  if (segments.join("/") === "config" && request.method === "GET") return config(places, request);
  const [first = ""] = segments;
  const hasPrefix = first.includes("@");
  const branch = hasPrefix ? branchOf(places, first) : MAIN;
  const world = await worldOf(places, branch);
  const asked = hasPrefix ? segments.slice(1) : segments;
  const found = find(request, asked);
  if (found === undefined) throw unknown(request);
  const call = { world, params: found.params, request, replies };
  const reply = await found.route.handler(call);
  if (found.route.isLoad === true && branch === MAIN && request.query.size === 0)
    atHand.remember(request.path, keyOf(identifierOf(call)));
  return reply;
}

function unescaped(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch (error) {
    throw icebergErrors.create("iceberg/bad-request", { because: "the address is escaped wrongly", cause: error });
  }
}

/** What a client is told first: which branch its requests are of, and what it may ask. */
async function config(places: IcebergPlaces, { query }: ProtocolRequest): Promise<ProtocolReply> {
  const warehouse = query.get("warehouse") ?? "";
  const branch = branchOf(places, warehouse);
  await worldOf(places, branch);
  const overrides = branch === MAIN ? {} : { prefix: `${places.name}@${branch}` };
  return json({ defaults: {}, overrides, endpoints: ENDPOINTS });
}

/** There is one warehouse here, however a client calls it; with a branch it must be the project's name. */
function branchOf({ name }: IcebergPlaces, warehouse: string): string {
  const at = warehouse.lastIndexOf("@");
  if (at === -1) return MAIN;
  if (warehouse.slice(0, at) === name) return warehouse.slice(at + 1);
  throw noWarehouse(warehouse);
}

async function worldOf(places: IcebergPlaces, branch: string): Promise<CatalogWorld> {
  const found = await places.world(branch);
  if (found === undefined) throw noWarehouse(`${places.name}@${branch}`);
  return found;
}

function noWarehouse(warehouse: string): Error {
  return icebergErrors.create("iceberg/no-such-warehouse", {
    because: `Warehouse does not exist: ${warehouse.slice(0, 200)}`,
  });
}

interface Found {
  readonly route: CatalogRoute;
  readonly params: Readonly<Record<string, string>>;
}

function find({ method }: ProtocolRequest, segments: readonly string[]): Found | undefined {
  for (const route of ROUTES) {
    if (route.method !== method) continue;
    const params = match(route.path.split("/").slice(3), segments);
    if (params !== undefined) return { route, params };
  }
  return undefined;
}

function match(pattern: readonly string[], segments: readonly string[]): Readonly<Record<string, string>> | undefined {
  if (pattern.length !== segments.length) return undefined;
  const params: Record<string, string> = {};
  for (const [index, part] of pattern.entries()) {
    const given = segments[index] ?? "";
    if (part.startsWith("{")) params[part.slice(1, -1)] = given;
    else if (part !== given) return undefined;
  }
  return params;
}

function unknown({ method, path }: ProtocolRequest): Error {
  return icebergErrors.create("iceberg/not-found", { because: `No route for ${method} ${path.slice(0, 200)}` });
}
