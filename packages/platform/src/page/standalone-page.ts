import { createHash } from "node:crypto";
import { Markup, markup } from "./markup.ts";
import { STYLE } from "./style.ts";

/** Only the one style of the page itself: no script, no frame, nothing from anywhere. */
const POLICY = `default-src 'none'; style-src 'sha256-${createHash("sha256").update(STYLE).digest("base64")}'; base-uri 'none'; form-action 'none'`;

/** A report: one HTML file that stands alone, asks nothing of any network and runs nothing. */
export function standalonePage({ title, body }: { readonly title: string; readonly body: readonly Markup[] }): string {
  return markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>${new Markup(STYLE)}</style>
</head>
<body><main>
${body}
<footer>Made by Millwright. This file holds all that it shows: it can be kept, sent and opened anywhere.</footer>
</main></body>
</html>
`.text;
}
