import type { TableChanges } from "@millwright/client";
import { useNavigate, useParams } from "@tanstack/react-router";
import { useState } from "react";
import { cell, count } from "../format.ts";
import { Choice } from "../parts/choice.tsx";
import { Panel } from "../parts/page.tsx";
import type { ChangesSearch } from "./changes-page.tsx";

type Change = TableChanges["changes"][number];
type Kind = Change["kind"];

const ALL = "all";
const LOOKS: Readonly<Record<Kind, { readonly tone: string; readonly sign: string }>> = {
  inserted: { tone: "good", sign: "+" },
  deleted: { tone: "bad", sign: "−" },
  updated: { tone: "busy", sign: "→" },
};
const NUMBERS = /^(?:int|long|float|double|decimal)/;

interface ChangedRowsProps {
  readonly changes: TableChanges;
  readonly search: ChangesSearch;
}

/** The rows that differ; of an updated one what each value was and is. */
export function ChangedRows({ changes, search }: ChangedRowsProps) {
  const [kind, setKind] = useState<string>(ALL);
  const there = (["inserted", "deleted", "updated"] as const).filter((one) => changes[one] > 0);
  const isKnown = there.some((one) => one === kind);
  const shown = changes.changes.filter((change) => !isKnown || change.kind === kind);
  if (there.length === 0)
    return <p className="muted">Every row of one is in the other: they differ in their files alone, if at all.</p>;
  return (
    <Panel
      title="What each was and is"
      aside={
        <span className="row">
          <SameRowBy changes={changes} search={search} />
          {there.length < 2 ? null : (
            <Choice label="Kind" options={[ALL, ...there]} chosen={isKnown ? kind : ALL} onChoose={setKind} />
          )}
        </span>
      }
    >
      <div className="scroll" tabIndex={0} role="region" aria-label="Rows that differ" style={{ maxHeight: 520 }}>
        <table className="data">
          <thead>
            <tr>
              <th>change</th>
              {changes.columns.map(({ name, type }) => (
                <th key={name} className={NUMBERS.test(type) ? "number" : undefined} title={type}>
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {shown.map((change, index) => (
              <Row key={index} change={change} columns={changes.columns} />
            ))}
          </tbody>
        </table>
      </div>
      {changes.truncated ? (
        <p className="body muted">
          The first {count(changes.changes.length)} of them; ask for all in SQL:{" "}
          <code>{`select * from table_changes('${changes.table}', ${changes.fromSnapshotId ?? "null"}, ${changes.toSnapshotId})`}</code>
        </p>
      ) : null}
    </Panel>
  );
}

interface RowProps {
  readonly change: Change;
  readonly columns: TableChanges["columns"];
}

function Row({ change: { kind, before, after }, columns }: RowProps) {
  const { tone, sign } = LOOKS[kind];
  return (
    <tr className={`changed ${kind}`}>
      <td>
        <span className={`state ${tone}`}>
          <span className="mono" aria-hidden>
            {sign}
          </span>
          {kind}
        </span>
      </td>
      {columns.map(({ name, type }, at) => (
        <td key={name} className={NUMBERS.test(type) ? "number" : undefined}>
          <Value before={before?.[at]} after={after?.[at]} kind={kind} />
        </td>
      ))}
    </tr>
  );
}

interface ValueProps {
  readonly before: unknown;
  readonly after: unknown;
  readonly kind: Kind;
}

function Value({ before, after, kind }: ValueProps) {
  if (kind !== "updated") return <>{cell(kind === "inserted" ? after : before)}</>;
  const [was, is] = [cell(before), cell(after)];
  if (was === is) return <span className="muted">{is}</span>;
  return (
    <>
      <del>{was}</del> <ins>{is}</ins>
    </>
  );
}

/** The columns by which a row is the same one before and after. */
function SameRowBy({ changes, search }: ChangedRowsProps) {
  const { name } = useParams({ from: "/tables/$name/changes" });
  const navigate = useNavigate();
  const { columns } = changes;
  // As chosen, before the answer to it is there.
  const keys = search.keys === undefined ? changes.keys : search.keys.split(",").filter((key) => key !== "");
  const choose = (key: string, isKey: boolean) => {
    const chosen = isKey ? [...keys, key] : keys.filter((one) => one !== key);
    void navigate({
      to: "/tables/$name/changes",
      params: { name },
      search: { ...search, keys: chosen.join(",") },
      replace: true,
    });
  };
  return (
    <details className="chooser">
      <summary className="button">
        {keys.length === 0 ? "A row is the same one by…" : `The same row by ${keys.join(", ")}`}
      </summary>
      <fieldset>
        <legend className="muted">Without a key, a row that changed is one deleted and one inserted.</legend>
        {columns.map((column) => (
          <label key={column.name} className="row">
            <input
              type="checkbox"
              checked={keys.includes(column.name)}
              onChange={(event) => choose(column.name, event.target.checked)}
            />
            <span className="mono">{column.name}</span>
          </label>
        ))}
      </fieldset>
    </details>
  );
}
