import type { SchemaChange } from "@millwright/client";
import type { ColumnChange } from "./column-changes.ts";

interface Look {
  readonly tone: "good" | "bad" | "busy" | "idle";
  readonly sign: string;
  readonly word: string;
}

const LOOKS: Readonly<Record<SchemaChange["kind"], Look>> = {
  added: { tone: "good", sign: "+", word: "added" },
  dropped: { tone: "bad", sign: "−", word: "dropped" },
  renamed: { tone: "busy", sign: "→", word: "renamed" },
  retyped: { tone: "busy", sign: "→", word: "of another type" },
  moved: { tone: "idle", sign: "↕", word: "moved" },
  optional: { tone: "idle", sign: "?", word: "may be missing" },
  required: { tone: "idle", sign: "!", word: "must be there" },
  described: { tone: "idle", sign: "≡", word: "described anew" },
};

/** What became of columns, one on a line: a sign, a word and the names. */
export function ColumnChangeList({ changes }: { readonly changes: readonly (ColumnChange | SchemaChange)[] }) {
  if (changes.length === 0) return null;
  return (
    <ul className="column-changes">
      {changes.map((change) => {
        const { tone, sign } = LOOKS[change.kind];
        return (
          <li key={`${change.kind} ${change.column}`}>
            <span className={`state ${tone}`}>
              <span className="mono" aria-hidden>
                {sign}
              </span>
              {wordOf(change)}
            </span>
            <span className="mono">
              {change.kind === "renamed" ? `${change.before ?? ""} → ` : ""}
              {change.column}{" "}
              <span className="muted">
                {change.kind === "retyped" ? `${change.before ?? ""} → ` : ""}
                {change.type}
              </span>
            </span>
          </li>
        );
      })}
    </ul>
  );
}

/** A type that holds more keeps what was there; a column of the same name that is another does not. */
function wordOf(change: ColumnChange | SchemaChange): string {
  if (change.kind !== "retyped" || !("keepsValues" in change)) return LOOKS[change.kind].word;
  return change.keepsValues ? "widened" : "replaced";
}
