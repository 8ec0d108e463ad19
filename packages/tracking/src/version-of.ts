import { trackingErrors } from "./errors.ts";
import type { ModelVersion, Tracking } from "./tracking.ts";

/** A version by its number, or by an alias. Throws `tracking/unknown-model` and `tracking/unknown-version`. */
export async function versionOf(
  tracking: Pick<Tracking, "versions">,
  { name, version }: { readonly name: string; readonly version: number | string },
): Promise<ModelVersion> {
  const found = (await tracking.versions(name)).find(
    (known) => String(known.version) === String(version) || known.aliases.includes(String(version)),
  );
  if (found !== undefined) return found;
  throw trackingErrors.create("tracking/unknown-version", { because: `${name} has no version ${version}` });
}
