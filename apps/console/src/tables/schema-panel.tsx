import type { TableAnatomy } from "@millwright/client";
import { Panel } from "../parts/page.tsx";
import { Ago } from "../parts/time.tsx";

type Schema = TableAnatomy["schemas"][number];

/** How the columns became what they are, newest first. */
export function SchemaPanel({ schemas }: { readonly schemas: readonly Schema[] }) {
  const newest = schemas.map((schema, index) => ({ schema, before: schemas[index - 1] })).toReversed();
  return (
    <Panel title="What its columns were">
      <div className="scroll limited" tabIndex={0} role="region" aria-label="What its columns were">
        <table className="data">
          <tbody>
            {newest.map(({ schema, before }) => (
              <tr key={schema.snapshotId}>
                <td>
                  <Ago atMs={schema.sinceMs} />
                </td>
                <td className="wrap">
                  {before === undefined ? `${schema.columns.length} columns at its beginning` : changed(before, schema)}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Panel>
  );
}

/** `+ gate string, − delay int, distance int → long` */
function changed(before: Schema, after: Schema): string {
  const types = (schema: Schema) => new Map(schema.columns.map(({ name, type }) => [name, type]));
  const [old, now] = [types(before), types(after)];
  const added = [...now].filter(([name]) => !old.has(name)).map(([name, type]) => `+ ${name} ${type}`);
  const removed = [...old].filter(([name]) => !now.has(name)).map(([name, type]) => `− ${name} ${type}`);
  const retyped = [...now].flatMap(([name, type]) => {
    const was = old.get(name);
    return was === undefined || was === type ? [] : [`${name} ${was} → ${type}`];
  });
  const all = [...added, ...removed, ...retyped];
  return all.length === 0 ? "the same columns, otherwise ordered or described" : all.join(", ");
}
