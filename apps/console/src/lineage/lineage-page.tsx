import type { LineageGraph } from "@millwright/client";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { useEffect, useMemo, useRef, useState, type FormEvent } from "react";
import { api } from "../api.ts";
import { useLiveRoad } from "../live-road.ts";
import { Choice } from "../parts/choice.tsx";
import { Empty } from "../parts/empty.tsx";
import { Icon } from "../parts/icons.tsx";
import { Middle } from "../parts/middle.tsx";
import { Page, Panel } from "../parts/page.tsx";
import { Problem } from "../parts/problem.tsx";
import { asGraph, isOfColumn, valuesOnly, type ColumnLineage } from "./column-lineage.ts";
import { ColumnList } from "./column-list.tsx";
import { placeLineage, type PlacedName } from "./place-lineage.ts";
import { RestsOn } from "./rests-on.tsx";

/** Whose lineage is wanted: a name, or the id of a prediction. */
export function LineageStartPage() {
  const navigate = useNavigate();
  const { road } = useLiveRoad();
  const [text, setText] = useState("");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (text.trim() !== "") void navigate({ to: "/lineage/$name", params: { name: text.trim() } });
  };
  const names = [
    ...new Set((road?.nodes ?? []).filter(({ attachedTo }) => attachedTo === null).map(({ name }) => name)),
  ];
  return (
    <Page title="Lineage" docs="concepts/lineage.md" lead="What something came from, and what hangs on it">
      <form className="row" onSubmit={submit}>
        <input
          className="field"
          style={{ width: 340 }}
          aria-label="A table, feature view, model, service, or the id of a prediction"
          placeholder="A name, or the id of a prediction"
          value={text}
          onChange={(event) => setText(event.target.value)}
        />
        <button type="submit" className="button primary">
          Show
        </button>
      </form>
      {names.length === 0 ? (
        <Empty command="npx mill run">Each step that runs tells what it read and what it made. None has run yet.</Empty>
      ) : (
        <Panel title="On the road">
          <ul className="body names">
            {names.map((name) => (
              <li key={name}>
                <Link to="/lineage/$name" params={{ name }}>
                  {name}
                </Link>
              </li>
            ))}
          </ul>
        </Panel>
      )}
    </Page>
  );
}

export function LineagePage() {
  const { name } = useParams({ from: "/lineage/$name" });
  const { data, error } = useQuery({ queryKey: ["lineage", name], queryFn: () => api.showLineage({ name }) });
  const ofColumn = data !== undefined && data.resolved === name && isOfColumn(data.columns);
  return (
    <Page
      docs="concepts/lineage.md"
      title={`Lineage of ${name}`}
      lead={data === undefined ? undefined : leadOf(data, name)}
    >
      {error === null ? null : <Problem error={error} />}
      {data === undefined ? null : ofColumn ? <OfColumn lineage={data.columns} /> : <OfName graph={data} />}
    </Page>
  );
}

function leadOf({ resolved, columns }: LineageGraph, name: string): string {
  if (resolved !== name) return `a prediction of ${resolved}, as the columns were when it was made`;
  return isOfColumn(columns)
    ? "what the column came from at the left, what hangs on it at the right"
    : "what it came from at the left, what hangs on it at the right";
}

function OfName({ graph }: { readonly graph: LineageGraph }) {
  return (
    <>
      <LineageDrawing graph={graph} />
      <RestsOn lineage={graph.columns} />
      <ColumnList lineage={graph.columns} />
    </>
  );
}

const VALUES = "values";
const ALL = "and what decides the rows";

/** Values alone unless asked: what rows are filtered, joined and sorted by is nearly everything. */
function OfColumn({ lineage }: { readonly lineage: ColumnLineage }) {
  const [shown, setShown] = useState(VALUES);
  const drawn = useMemo(() => (shown === VALUES ? valuesOnly(lineage) : lineage), [lineage, shown]);
  const graph = useMemo(() => asGraph(drawn), [drawn]);
  return (
    <>
      <Choice label="What is followed" options={[VALUES, ALL]} chosen={shown} onChoose={setShown} />
      <LineageDrawing graph={graph} />
      <RestsOn lineage={drawn} />
    </>
  );
}

const BOX = { width: 186, height: 40, gapX: 54, gapY: 10, edge: 14 } as const;

interface DrawnGraph {
  readonly resolved: string;
  readonly nodes: LineageGraph["nodes"];
  /** One that is not direct carries no value. */
  readonly edges: readonly (LineageGraph["edges"][number] & { readonly isDirect?: boolean })[];
}

function LineageDrawing({ graph }: { readonly graph: DrawnGraph }) {
  const placed = useMemo(() => placeLineage(graph), [graph]);
  const first = Math.min(...placed.map(({ column }) => column));
  const columns = Math.max(...placed.map(({ column }) => column)) - first + 1;
  const tallest = Math.max(...placed.map(({ row }) => row)) + 1;
  const height = 2 * BOX.edge + tallest * (BOX.height + BOX.gapY) - BOX.gapY;
  const sizes = Map.groupBy(placed, ({ column }) => column);
  const places = new Map(
    placed.map((one) => {
      const free = tallest - (sizes.get(one.column)?.length ?? 0);
      const x = BOX.edge + (one.column - first) * (BOX.width + BOX.gapX);
      return [one.id, { ...one, x, y: BOX.edge + (one.row + free / 2) * (BOX.height + BOX.gapY) }] as const;
    }),
  );
  const width = 2 * BOX.edge + columns * (BOX.width + BOX.gapX) - BOX.gapX;
  const asked = useRef<HTMLAnchorElement>(null);
  useEffect(() => {
    // What it returns, a promise in newer browsers, is no way to undo it.
    asked.current?.scrollIntoView({ block: "center", inline: "center" });
  }, [graph]);
  return (
    <div className="panel scroll lineage" tabIndex={0} role="region" aria-label="The lineage, drawn">
      <div style={{ position: "relative", width, height }}>
        <svg width={width} height={height} aria-hidden>
          {graph.edges.map(({ from, to, job, isDirect = true }) => {
            const [start, end] = [places.get(from), places.get(to)];
            if (start === undefined || end === undefined) return null;
            return (
              <path
                key={`${from} ${to} ${job}`}
                className={isDirect ? undefined : "indirect"}
                d={curve({ x: start.x + BOX.width, y: start.y }, end)}
              >
                <title>{job}</title>
              </path>
            );
          })}
        </svg>
        {[...places.values()].map((one) => (
          <Link
            key={one.id}
            ref={one.column === 0 ? asked : undefined}
            to="/lineage/$name"
            params={{ name: one.id }}
            className={`lineage-name${one.column === 0 ? " asked" : ""}`}
            style={{ left: one.x, top: one.y, width: BOX.width, height: BOX.height }}
          >
            <Icon name={iconOf(one)} size={14} />
            <span>
              <Middle text={one.name.replace(/\.\*$/, ": its rows")} />
              <span className="muted">{one.kind.replaceAll("_", " ")}</span>
            </span>
          </Link>
        ))}
      </div>
    </div>
  );
}

interface Point {
  readonly x: number;
  readonly y: number;
}

function curve(start: Point, end: Point): string {
  const [y1, y2] = [start.y + BOX.height / 2, end.y + BOX.height / 2];
  const bend = Math.max(24, (end.x - start.x) / 2);
  return `M${start.x},${y1} C${start.x + bend},${y1} ${end.x - bend},${y2} ${end.x},${y2}`;
}

function iconOf({ kind }: PlacedName): string {
  return kind === "model" ? "models" : kind === "file" ? "source" : kind;
}
