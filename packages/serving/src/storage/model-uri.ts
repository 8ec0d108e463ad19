import { isAbsolute } from "node:path";
import { inferenceErrors } from "../inference/errors.ts";
import { quoted } from "../inference/tensor.ts";

/** Where a model is stored, as its URI says. */
export type ModelUri =
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "http"; readonly url: URL; readonly sha256: string | undefined }
  | { readonly kind: "registry"; readonly name: string; readonly version?: number; readonly alias?: string };

/**
 * Reads a model's URI: `mill://models/NAME@alias` and `mill://models/NAME/1`; MLflow's `models:/NAME/1` and `models:/NAME@alias`;
 * `file:///path` or an absolute path; `https://host/model.onnx`, `#sha256=…` behind it being what its bytes must have.
 * Throws `inference/model-uri`.
 */
export function parseModelUri(uri: string): ModelUri {
  if (isAbsolute(uri)) return { kind: "file", path: uri };
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(uri)?.[1]?.toLowerCase();
  if (scheme === "models") return registered(uri, uri.slice("models:".length).replace(/^\/+/, ""));
  if (scheme === "mill") return registered(uri, inMill(uri));
  if (scheme === "file") return { kind: "file", path: pathOf(uri) };
  if (scheme === "http" || scheme === "https") return { kind: "http", ...remote(uri) };
  throw wrongUri(uri, "it is none of mill://models/…, models:/…, file://…, http://… and https://…");
}

function inMill(uri: string): string {
  const found = /^mill:\/\/models\/(.+)$/i.exec(uri)?.[1];
  if (found === undefined)
    throw wrongUri(uri, "in a project there are mill://models/NAME@alias and mill://models/NAME/1");
  return found;
}

/** `NAME@alias`, `NAME/1` or, the champion, `NAME`. */
function registered(uri: string, told: string): ModelUri {
  const [, name, version, alias] = /^([^/@]+)(?:\/([1-9]\d{0,14})|@([a-z][a-z0-9_-]{0,63}))?$/.exec(told) ?? [];
  if (name === undefined) throw wrongUri(uri, "a registered model is told as NAME@alias or NAME/1");
  if (version !== undefined) return { kind: "registry", name, version: Number(version) };
  return { kind: "registry", name, alias: alias ?? "champion" };
}

function pathOf(uri: string): string {
  const { host, pathname } = urlOf(uri);
  if (host !== "" && host !== "localhost") throw wrongUri(uri, "files of another machine are not read");
  const path = decoded(uri, pathname);
  if (path.includes("\0")) throw wrongUri(uri, "its path has a null byte");
  return path;
}

function remote(uri: string): { readonly url: URL; readonly sha256: string | undefined } {
  const url = urlOf(uri);
  // They would be in logs and in errors.
  if (url.username !== "" || url.password !== "") throw wrongUri("", "it has a name or a password of a user in it");
  const { hash } = url;
  url.hash = "";
  if (hash === "") return { url, sha256: undefined };
  const [, sha256] = /^#sha256=([0-9a-f]{64})$/i.exec(hash) ?? [];
  if (sha256 === undefined) throw wrongUri(shownUrl(url), "what is behind # is no sha256= with 64 hexadecimal digits");
  return { url, sha256: sha256.toLowerCase() };
}

function urlOf(uri: string): URL {
  const url = URL.parse(uri);
  if (url === null) throw wrongUri(uri, "it cannot be read");
  return url;
}

function decoded(uri: string, text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw wrongUri(uri, "it cannot be read");
  }
}

/** Without its query, in which signatures are. */
export function shownUrl({ origin, pathname }: URL): string {
  return `${origin}${pathname}`;
}

/** Throws nothing, whatever the text is: it may be none that can be read. */
function withoutSecrets(text: string): string {
  const isPlain = isAbsolute(text) || /^(?:mill|models):/i.test(text);
  return isPlain ? text : text.replace(/^([a-z][a-z0-9+.-]*:\/\/)(?!\/).*@/is, "$1…@").replace(/[?#].*$/s, "");
}

export function wrongUri(uri: string, why: string, cause?: unknown): Error {
  const because = uri === "" ? why : `${quoted(withoutSecrets(uri))}: ${why}`;
  return inferenceErrors.create("inference/model-uri", { because, ...(cause === undefined ? {} : { cause }) });
}
