import type { ProtocolReply } from "@millwright/platform";
import { sha256Of } from "@millwright/platform";
import { printExactJson } from "../domain/iceberg/exact-json.ts";
import { asVersion } from "../domain/iceberg/metadata.ts";
import { parseMetadata } from "../domain/iceberg/read-metadata.ts";
import { icebergErrors } from "../iceberg-errors.ts";
import type { Call } from "./call.ts";
import type { KeptReply, ReplyCache } from "./reply-cache.ts";

/**
 * A table or view as its metadata file has it, or that the caller has it already. A metadata file never changes, so its
 * place stands for it.
 */
export async function loadReply(call: Call, location: string): Promise<ProtocolReply> {
  const snapshots = call.request.query.get("snapshots") ?? "all";
  if (snapshots !== "all" && snapshots !== "refs")
    throw icebergErrors.create("iceberg/bad-request", { because: `Invalid snapshot mode: ${snapshots.slice(0, 50)}` });
  const key = `${location} ${snapshots}`;
  const { etag, body } = call.replies.get(key) ?? (await madeReply(call, { key, location, snapshots }));
  if (isKnown(call.request.headers["if-none-match"], etag)) return { status: 304, headers: { etag } };
  return { status: 200, headers: { etag }, body };
}

/** A whole table whose answer was made before; undefined for one that was not. */
export function keptLoad(
  replies: ReplyCache,
  location: string,
  ifNoneMatch: string | readonly string[] | undefined,
): ProtocolReply | undefined {
  const kept = replies.get(`${location} all`);
  if (kept === undefined) return undefined;
  const { etag, body } = kept;
  return isKnown(ifNoneMatch, etag) ? { status: 304, headers: { etag } } : { status: 200, headers: { etag }, body };
}

async function madeReply(
  { world, replies }: Call,
  { key, location, snapshots }: { readonly key: string; readonly location: string; readonly snapshots: "all" | "refs" },
): Promise<KeptReply> {
  const bytes = await world.store.read(location);
  const text =
    snapshots === "refs"
      ? printExactJson(refsOnly(bytes, location))
      : `{"metadata-location":${JSON.stringify(location)},"metadata":${Buffer.from(bytes).toString()},"config":{}}`;
  const reply = { etag: `"${sha256Of(Buffer.from(key)).slice(0, 32)}"`, body: Buffer.from(text) };
  replies.put(key, reply);
  return reply;
}

function isKnown(header: string | readonly string[] | undefined, etag: string): boolean {
  if (header === undefined) return false;
  const told = typeof header === "string" ? header.split(",") : header;
  return told.some((one) => one.trim().replace(/^W\//, "") === etag || one.trim() === "*");
}

/** The table with those snapshots alone that a branch or tag names. */
function refsOnly(bytes: Uint8Array, location: string) {
  const metadata = parseMetadata(bytes);
  if (metadata === undefined) throw new Error(`${location} is no table's metadata`);
  const named = new Set(Object.values(metadata.refs).map((ref) => ref["snapshot-id"]));
  const snapshots = metadata.snapshots.filter((one) => named.has(one["snapshot-id"]));
  return { "metadata-location": location, metadata: asVersion({ ...metadata, snapshots }), config: {} };
}
