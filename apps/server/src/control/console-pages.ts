import { existsSync } from "node:fs";
import { join } from "node:path";
import { installation } from "../installation.ts";

/** The console's files, once they are built. */
export function consolePages() {
  const { consoleFolder } = installation();
  return {
    folder: () => (existsSync(join(consoleFolder, "index.html")) ? consoleFolder : undefined),
    placeholder: `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta http-equiv="refresh" content="2" />
    <title>Millwright</title>
  </head>
  <body>
    <p>The console is being built; it appears here by itself.</p>
    <p>The API is at <a href="/api/openapi.json">/api/openapi.json</a>.</p>
  </body>
</html>
`,
  };
}
