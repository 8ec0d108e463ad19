import type { Page } from "playwright-core";

const DAY_MS = 86_400_000;

/** Has a page told of a table of a dozen files, as the control process would tell it, with a text in each place that has one. */
export async function tellOfFiles(page: Page, { table, text }: { readonly table: string; readonly text: string }) {
  const files = Array.from({ length: 12 }, (_, index) => ({
    path: `main/${table}/data/${index} ${text}.parquet`,
    rows: 100 * (index + 1),
    bytes: 1_000 * (index + 1),
    partition: `day=2001-01-0${1 + (index % 3)}, kind=${text}`,
    addedAtMs: index * DAY_MS,
    deleteFiles: index % 2,
    deletedRowsMax: (index % 2) * 50,
    span: { least: `${index} ${text}`, most: text, from: index / 12, to: (index + 1) / 12 },
  }));
  const change = (kind: string, before: string | null) => ({
    kind,
    column: `${kind} ${text}`,
    before,
    type: text,
    keepsValues: true,
  });
  const changes = [change("added", null), change("renamed", text), change("retyped", text), change("dropped", null)];
  const columns = [{ name: text, type: text }];
  const json = {
    snapshotId: "1",
    fileCount: files.length,
    deleteFileCount: 1,
    partitionedBy: `day(${text})`,
    sortedBy: `${text} asc`,
    spansOf: text,
    files,
    columns: [{ name: text, type: "string", bytes: 1, nulls: 0, least: text, most: text }],
    schemas: [
      { schemaId: 0, snapshotId: "1", sinceMs: 0, columns, changes: [] },
      { schemaId: 1, snapshotId: null, sinceMs: null, columns, changes },
    ],
    refs: [{ name: text, kind: "tag", snapshotId: "1" }],
  };
  await page.route(`**/api/v1/tables/${table}/anatomy*`, (route) => route.fulfill({ json }));
}

/** The same of what changed between two of its snapshots. */
export async function tellOfChanges(page: Page, { table, text }: { readonly table: string; readonly text: string }) {
  const json = {
    table,
    fromSnapshotId: "1",
    toSnapshotId: "2",
    keys: [text],
    columns: [
      { name: text, type: "string" },
      { name: "n", type: "int" },
    ],
    inserted: 1,
    deleted: 1,
    updated: 1,
    changes: [
      { kind: "updated", before: [text, 1], after: [text, 2] },
      { kind: "deleted", before: [text, 3], after: null },
      { kind: "inserted", before: null, after: [text, 4] },
    ],
    truncated: true,
  };
  await page.route(`**/api/v1/tables/${table}/changes*`, (route) => route.fulfill({ json }));
}
