import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { api } from "../api.ts";
import { Panel } from "../parts/page.tsx";
import { idOf, type ColumnLineage } from "./column-lineage.ts";

/** The columns of files at the beginning of it all, and what could not be followed. */
export function RestsOn({ lineage }: { readonly lineage: ColumnLineage }) {
  const { restsOn, unread } = lineage;
  if (restsOn.length === 0 && unread.length === 0) return null;
  return (
    <Panel title="Rests on these columns of files">
      <ul className="body names">
        {restsOn.map((file) => (
          <li key={idOf(file)}>
            <Link to="/lineage/$name" params={{ name: idOf(file) }} title={file.name.slice("file:".length)}>
              {file.column === "*" ? "the rows" : file.column}{" "}
              <span className="muted">
                {shortFile(file.name)}
                {file.direct ? "" : ", not its value"}
              </span>
            </Link>
          </li>
        ))}
      </ul>
      {unread.map(({ job, because }) => (
        <p key={job} className="body muted">
          {job} could not be followed ({because}): all columns of what it reads are named.
        </p>
      ))}
    </Panel>
  );
}

/** The same for a name, once it is known; nothing for what has no lineage. */
export function RestsOnOf({ name }: { readonly name: string }) {
  const { data } = useQuery({
    queryKey: ["lineage", name],
    queryFn: () => api.showLineage({ name }),
    retry: false,
  });
  return data === undefined ? null : <RestsOn lineage={data.columns} />;
}

function shortFile(name: string): string {
  return name.slice(name.lastIndexOf("/") + 1);
}
