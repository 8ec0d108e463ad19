import { parseTemplate } from "../../jinja/parser.ts";
import type { Node } from "../../jinja/nodes.ts";
import { isRecord, recordsOf, textOf, type Plain } from "../plain.ts";
import type { Package } from "../project-files.ts";
import { projectFile } from "../yaml-file.ts";
import type { Render } from "./parsing.ts";

/** One entry of a YAML file: what it says, and where. */
export interface Entry {
  readonly path: string;
  readonly owner: Package;
  readonly content: Plain;
}

/** Keys whose texts are rendered when they are used, not when they are read. */
const LATER = new Set([
  "data_tests",
  "tests",
  "pre_hook",
  "post_hook",
  "pre-hook",
  "post-hook",
  "given",
  "expect",
  "overrides",
  "description",
  "relation",
]);

/** The entries under a key in all YAML files of a package, rendered; descriptions have their `doc()` put in. */
export function entriesOf(
  owner: Package,
  key: string,
  { render, docs }: { readonly render: Render; readonly docs: ReadonlyMap<string, string> },
): readonly Entry[] {
  return owner.yaml.flatMap(({ path, content }) => {
    const listed = content[key];
    if (listed !== undefined && listed !== null && !Array.isArray(listed))
      throw projectFile(`${path}: \`${key}\` must be a list`, { file: path });
    return recordsOf(listed).map((entry) => ({
      path,
      owner,
      content: renderEntry(entry, { path, render, docs, owner: owner.name }) as Plain,
    }));
  });
}

interface Rendering {
  readonly path: string;
  readonly render: Render;
  readonly docs: ReadonlyMap<string, string>;
  readonly owner: string;
}

function renderEntry(value: unknown, how: Rendering): unknown {
  if (Array.isArray(value)) return value.map((item) => renderEntry(item, how));
  if (!isRecord(value)) return how.render(value, how.path);
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => {
      if (key === "description") return [key, described(textOf(inner), how)];
      return [key, LATER.has(key) ? inner : renderEntry(inner, how)];
    }),
  );
}

/** A description with the text of the `docs` block that it names. */
function described(text: string, { docs, owner, path }: Rendering): string {
  return text.replaceAll(
    /\{\{\s*doc\(\s*(?:['"]([\w-]+)['"]\s*,\s*)?['"]([\w-]+)['"]\s*\)\s*\}\}/g,
    (_, of: string | undefined, name: string) => {
      const found = docs.get(`${of ?? owner}.${name}`) ?? docs.get(`*.${name}`);
      if (found === undefined) throw projectFile(`${path}: there is no docs block ${name}`, { file: path });
      return found;
    },
  );
}

/** The `{% docs name %}` blocks of all packages: by `package.name`, and by `*.name` for the first of that name. */
export function docsOf(packages: readonly Package[]): ReadonlyMap<string, string> {
  const docs = new Map<string, string>();
  for (const { name: owner, docs: files } of packages)
    for (const { path, text } of files)
      for (const { name, body } of docsBlocks(text, path)) {
        docs.set(`${owner}.${name}`, body);
        if (!docs.has(`*.${name}`)) docs.set(`*.${name}`, body);
      }
  return docs;
}

function docsBlocks(text: string, path: string): readonly { readonly name: string; readonly body: string }[] {
  const found = [...text.matchAll(/\{%-?\s*docs\s+(\w+)\s*-?%\}([\s\S]*?)\{%-?\s*enddocs\s*-?%\}/g)];
  const opened = [...text.matchAll(/\{%-?\s*docs\s/g)].length;
  if (opened !== found.length) throw projectFile(`${path}: a docs block is not closed`, { file: path });
  return found.map(([, name = "", body = ""]) => ({ name, body: body.trim() }));
}

/** A file's `{% snapshot name %}` blocks. */
export function snapshotBlocks(
  text: string,
  path: string,
): readonly { readonly name: string; readonly text: string; readonly nodes: readonly Node[] }[] {
  const nodes = parseTemplate(text, path);
  const blocks = nodes.filter((node) => node.kind === "definition").filter(({ word }) => word === "snapshot");
  const bodies = [...text.matchAll(/\{%-?\s*snapshot\s+(\w+)\s*-?%\}([\s\S]*?)\{%-?\s*endsnapshot\s*-?%\}/g)];
  return blocks.map((block, index) => ({ name: block.name, text: bodies[index]?.[2] ?? "", nodes: block.body }));
}
