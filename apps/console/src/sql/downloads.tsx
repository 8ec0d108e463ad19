import { queryBytes } from "@millwright/client";
import { useMutation } from "@tanstack/react-query";
import { problemOf, transport } from "../api.ts";

const KINDS = [
  { format: "csv", title: "CSV" },
  { format: "parquet", title: "Parquet" },
  { format: "arrow", title: "Arrow" },
] as const;

type Kind = (typeof KINDS)[number]["format"];

/** All rows of a question as a file: it is asked once more, without a bound to its rows. */
export function Downloads({ sql }: { readonly sql: string }) {
  const save = useMutation({ mutationFn: (format: Kind) => download(sql, format) });
  return (
    <span className="row" role="group" aria-label="Download all rows">
      {save.error === null ? null : <span role="alert">{problemOf(save.error).detail}</span>}
      {KINDS.map(({ format, title }) => (
        <button
          key={format}
          type="button"
          className="button"
          title={`All rows as ${title}`}
          onClick={() => save.mutate(format)}
          disabled={save.isPending}
        >
          {save.isPending && save.variables === format ? "…" : title}
        </button>
      ))}
    </span>
  );
}

async function download(sql: string, format: Kind): Promise<void> {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  for await (const part of await queryBytes(transport, { sql, format })) parts.push(new Uint8Array(part));
  const address = URL.createObjectURL(new Blob(parts));
  const link = document.createElement("a");
  link.href = address;
  link.download = `rows.${format}`;
  link.click();
  URL.revokeObjectURL(address);
}
