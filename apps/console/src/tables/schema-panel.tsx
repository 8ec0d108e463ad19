import type { TableAnatomy } from "@millwright/client";
import { Link } from "@tanstack/react-router";
import { counted } from "../format.ts";
import { Panel } from "../parts/page.tsx";
import { Ago } from "../parts/time.tsx";
import { ColumnChangeList } from "./column-change-list.tsx";
import type { TablePlace } from "./table-place.ts";

type Schema = TableAnatomy["schemas"][number];

/** How the columns became what they are, newest first. */
export function SchemaPanel({ schemas, place }: { readonly schemas: readonly Schema[]; readonly place: TablePlace }) {
  const newest = schemas.toReversed();
  return (
    <Panel
      title="Schema history"
      aside={
        <span className="muted">{schemas.length < 2 ? "the first columns" : counted(schemas.length, "state")}</span>
      }
    >
      <div className="limited scroll" tabIndex={0} role="region" aria-label="Schema history">
        <ol className="schemas">
          {newest.map((schema, index) => (
            <li key={`${schema.schemaId} ${schema.snapshotId}`} className={index === 0 ? "newest" : undefined}>
              <div className="row between">
                <strong>schema {schema.schemaId}</strong>
                <Since schema={schema} place={place} />
              </div>
              {index === newest.length - 1 ? (
                <span className="muted">{counted(schema.columns.length, "column")} at its beginning</span>
              ) : (
                <Changes schema={schema} />
              )}
              <details>
                <summary className="muted">all {counted(schema.columns.length, "column")}</summary>
                <p className="mono">
                  {schema.columns.map(({ name, type }, at) => (
                    <span key={name}>
                      {at === 0 ? "" : ", "}
                      {name} <span className="muted">{type}</span>
                    </span>
                  ))}
                </p>
              </details>
            </li>
          ))}
        </ol>
      </div>
    </Panel>
  );
}

function Changes({ schema: { changes } }: { readonly schema: Schema }) {
  if (changes.length === 0) return <span className="muted">the same columns, by other ids</span>;
  return <ColumnChangeList changes={changes} />;
}

function Since({ schema: { snapshotId, sinceMs }, place }: { readonly schema: Schema; readonly place: TablePlace }) {
  if (snapshotId === null) return <span className="muted">nothing written with it</span>;
  return (
    <Link
      to="/tables/$name"
      params={{ name: place.name }}
      search={{ at: snapshotId, ...(place.branch === undefined ? {} : { branch: place.branch }) }}
      title="The rows as they were first with these columns"
    >
      <Ago atMs={sinceMs} />
    </Link>
  );
}
