/** What a statement of a hook or a materialization does to the lake. */
export type LakeStatement =
  | { readonly does: "ask"; readonly sql: string }
  | { readonly does: "insert"; readonly table: string; readonly columns: readonly string[]; readonly select: string }
  | { readonly does: "create"; readonly table: string; readonly select: string; readonly onlyIfMissing: boolean }
  | { readonly does: "view"; readonly table: string; readonly select: string }
  | { readonly does: "delete"; readonly table: string; readonly where: string }
  | { readonly does: "rename"; readonly table: string; readonly to: string }
  | { readonly does: "drop"; readonly table: string }
  | { readonly does: "nothing" };

const NAME = String.raw`((?:"[^"]+"|\w+)(?:\s*\.\s*(?:"[^"]+"|\w+))*)`;
const pattern = (text: string) =>
  new RegExp(`^${text.replaceAll("NAME", NAME).replaceAll(" ", String.raw`\s+`)}$`, "is");

const FORMS: readonly (readonly [RegExp, (parts: readonly string[]) => LakeStatement])[] = [
  [
    pattern(String.raw`insert into NAME\s*(?:\(([\w\s",]+)\))?\s*((?:select|with|values|from|\().*)`),
    ([table = "", columns = "", select = ""]) => ({
      does: "insert",
      table: lastName(table),
      columns: columns === "" ? [] : columns.split(",").map(lastName),
      select,
    }),
  ],
  [
    pattern(String.raw`create (?:or replace )?table (if not exists )?NAME as\s*(.+)`),
    ([onlyIfMissing = "", table = "", select = ""]) => ({
      does: "create",
      table: lastName(table),
      select,
      onlyIfMissing: onlyIfMissing !== "",
    }),
  ],
  [
    pattern(String.raw`create (?:or replace )?table (if not exists )?NAME\s*\((.+)\)`),
    ([onlyIfMissing = "", table = "", columns = ""]) => ({
      does: "create",
      table: lastName(table),
      select: emptySelect(columns),
      onlyIfMissing: onlyIfMissing !== "",
    }),
  ],
  [
    pattern(String.raw`create (?:or replace )?view NAME as\s*(.+)`),
    ([table = "", select = ""]) => ({ does: "view", table: lastName(table), select }),
  ],
  [
    pattern(String.raw`(?:delete from|truncate(?: table)?) NAME(?: where (.+))?`),
    ([table = "", where = "true"]) => ({ does: "delete", table: lastName(table), where }),
  ],
  [
    pattern(String.raw`alter (?:table|view) NAME rename to NAME`),
    ([table = "", to = ""]) => ({ does: "rename", table: lastName(table), to: lastName(to) }),
  ],
  [
    pattern(String.raw`drop (?:table|view) (?:if exists )?NAME(?: cascade)?`),
    ([table = ""]) => ({ does: "drop", table: lastName(table) }),
  ],
  // A lake has one schema, no users of its own, nothing to tune, and every write is a transaction.
  [
    /^(?:create\s+schema|grant|revoke|analyze|vacuum|checkpoint|begin|commit|comment\s+on)\b.*$/is,
    () => ({ does: "nothing" }),
  ],
];

const ASKS = /^(?:select|with|from|values|describe|show|summarize|explain|table|\()/i;

/** Reads one statement by its first words; undefined for one that the lake does not know. */
export function readStatement(text: string): LakeStatement | undefined {
  const sql = withoutComments(text);
  for (const [form, read] of FORMS) {
    const found = form.exec(sql);
    if (found !== null) return read(found.slice(1));
  }
  return ASKS.test(sql) ? { does: "ask", sql: text } : undefined;
}

/** Comments before the first word. */
function withoutComments(text: string): string {
  return text.replace(/^(?:\s|--[^\n]*(?:\n|$)|\/\*[\s\S]*?\*\/)+/, "").trim();
}

/** A statement's last part of a name: the lake has one schema. */
function lastName(name: string): string {
  const [last = ""] = /(?:"[^"]+"|\w+)\s*$/.exec(name.trim()) ?? [];
  return last.trim().replaceAll('"', "");
}

/** A table's declared columns, without rows. */
function emptySelect(columns: string): string {
  const declared = splitAt(columns, ",").map((column) => {
    const [, name = "", type = ""] =
      /^\s*("[^"]+"|\w+)\s+(.+?)(?:\s+(?:not\s+null|null|primary\s+key|unique|default\b.*|references\b.*|check\b.*))*\s*$/is.exec(
        column,
      ) ?? [];
    return `CAST(NULL AS ${type}) AS ${name}`;
  });
  return `SELECT ${declared.join(", ")} WHERE false`;
}

/** The statements of a text. */
export function splitStatements(text: string): readonly string[] {
  return splitAt(text, ";")
    .map((statement) => statement.trim())
    .filter((statement) => withoutComments(statement) !== "");
}

const QUOTED = /'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|\/\*[\s\S]*?\*\//y;

/** Parts between separators that stand outside of quotes, comments and parentheses. */
function splitAt(text: string, separator: string): readonly string[] {
  const parts: string[] = [];
  let [start, depth, at] = [0, 0, 0];
  while (at < text.length) {
    QUOTED.lastIndex = at;
    const quoted = QUOTED.exec(text);
    const character = text.charAt(at);
    if (character === "(") depth += 1;
    if (character === ")") depth -= 1;
    if (quoted === null && character === separator && depth === 0) {
      parts.push(text.slice(start, at));
      start = at + 1;
    }
    at += quoted === null ? 1 : quoted[0].length;
  }
  return [...parts, text.slice(start)];
}
