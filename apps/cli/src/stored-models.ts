import { statSync } from "node:fs";
import { homedir } from "node:os";
import { basename, extname, join } from "node:path";
import { platformErrors, type CommandCall } from "@millwright/platform";
import type { ModelRegistry, ModelStorage } from "@millwright/serving/inference";

/** No model that is fetched may be larger. */
const DOWNLOAD_BYTES_MAX = 16 * 2 ** 30;

const IS_URI = /^[a-z][a-z0-9+.-]+:/i;

/** Models that are told by the URIs where they are stored, by their names. */
interface StoredModels {
  readonly uris: ReadonlyMap<string, string>;
  readonly storage: ModelStorage;
}

/** What a command serves: a folder, or a URI in its place, and each `--model NAME=URI`. Throws `platform/usage`. */
export function servedPlaces(call: CommandCall): {
  readonly folder: string | undefined;
  readonly stored: StoredModels;
} {
  const [given] = call.arguments;
  const told = (call.lists["model"] ?? []).map(namedUri);
  const isUri = given !== undefined && IS_URI.test(given);
  const uris = new Map(isUri ? [[nameOf(given), given] as const, ...told] : told);
  if (given === undefined && uris.size === 0)
    throw platformErrors.create("platform/usage", {
      because: "it is told no models to serve",
      remedy:
        "Name their folder, `mill serve models`, or a model's URI, `mill serve --model churn=models:/churn@champion`.",
    });
  if (given !== undefined && !isUri && !isFolder(given))
    throw platformErrors.create("platform/usage", {
      because: `there is no folder ${given}`,
      remedy: "Name the folder in which the models' own folders are, or a model's URI.",
    });
  const storage = {
    cacheFolder: join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "millwright", "models"),
    bytesMax: DOWNLOAD_BYTES_MAX,
    registry: registryOf(call),
  };
  return { folder: isUri ? undefined : given, stored: { uris, storage } };
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

function namedUri(told: string): readonly [string, string] {
  const [, name, uri] = /^([^=/\\]+)=(.+)$/.exec(told) ?? [];
  if (name !== undefined && uri !== undefined) return [name, uri];
  throw platformErrors.create("platform/usage", {
    because: `--model: ${JSON.stringify(told)} is not NAME=URI`,
    remedy: "Write it as in `mill serve --model churn=models:/churn@champion`.",
  });
}

/** `churn` of `models:/churn@champion`, of `mill://models/churn/1` and of `https://host/churn.onnx`. */
function nameOf(uri: string): string {
  const registered = /^(?:mill:\/\/models|models:)\/+([^/@]+)/i.exec(uri)?.[1];
  if (registered !== undefined) return registered;
  const last = basename(uri.replace(/[?#].*$/s, ""));
  return basename(last, extname(last));
}

/** Of the project in which the command is run; opened when it is asked. */
function registryOf(call: CommandCall): ModelRegistry {
  return {
    find: async ({ name, version, alias }) => {
      const { withApi } = await import("./api.ts");
      const versions = await withApi(call, (api) => api.listModelVersions({ name }));
      const found = versions.find((one) =>
        version === undefined ? one.aliases.includes(alias ?? "") : one.version === version,
      );
      if (found !== undefined) return { path: found.artifactPath, version: String(found.version) };
      throw platformErrors.create("platform/usage", {
        because: `the model ${name} has no version ${version === undefined ? `with the alias ${alias}` : version}`,
        remedy: `See what it has: \`mill models show ${name}\`.`,
      });
    },
  };
}
