import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { edit } from "./project.ts";

/** What runs if a page takes it for markup, for an address or for a template; it then sets `window.ran`. */
export const PAYLOAD = `"><img src=x onerror=window.ran=1><script>window.ran=1</script>{{constructor.constructor('window.ran=1')()}}`;
export const ADDRESS_PAYLOAD = "javascript:window.ran=1";

/** Writes the payload into what a project stores: descriptions of every kind that has them, and cells of its data. */
export function plantPayloads(projectDir: string): void {
  const quoted = JSON.stringify(PAYLOAD);
  edit(projectDir, "millwright.ts", (text) => text.replace(/description: ".*"/, () => `description: ${quoted}`));
  edit(projectDir, "sources/flights.ts", (text) =>
    text.replaceAll(/description: ".*"/g, () => `description: ${quoted}`),
  );
  edit(projectDir, "models/staging/schema.yml", (text) =>
    text.replaceAll(/description: .*/g, () => `description: ${quoted}`),
  );
  edit(projectDir, "checks/departures.ts", (text) =>
    text.replace('name: "known after landing"', () => `name: ${quoted}`),
  );
  const airports = join(projectDir, "data", "airports.csv");
  const cell = `"${PAYLOAD.replaceAll('"', '""')}"`;
  writeFileSync(
    airports,
    readFileSync(airports, "utf8").replace("Chicago Airport,Chicago", () => `${cell},${cell}`),
  );
}
