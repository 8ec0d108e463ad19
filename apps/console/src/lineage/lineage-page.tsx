import type { LineageGraph } from "@millwright/client";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { useEffect, useMemo, useRef, useState, type FormEvent } from "react";
import { api } from "../api.ts";
import { useLiveRoad } from "../live-road.ts";
import { Empty } from "../parts/empty.tsx";
import { Icon } from "../parts/icons.tsx";
import { Middle } from "../parts/middle.tsx";
import { Page, Panel } from "../parts/page.tsx";
import { Problem } from "../parts/problem.tsx";
import { placeLineage, type PlacedName } from "./place-lineage.ts";

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
  return (
    <Page
      docs="concepts/lineage.md"
      title={`Lineage of ${name}`}
      lead={
        data === undefined
          ? undefined
          : data.resolved === name
            ? "what it came from at the left, what hangs on it at the right"
            : `a prediction of ${data.resolved}`
      }
    >
      {error === null ? null : <Problem error={error} />}
      {data === undefined ? null : <LineageDrawing graph={data} />}
    </Page>
  );
}

const BOX = { width: 186, height: 40, gapX: 54, gapY: 10, edge: 14 } as const;

function LineageDrawing({ graph }: { readonly graph: LineageGraph }) {
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
          {graph.edges.map(({ from, to, job }) => {
            const [start, end] = [places.get(from), places.get(to)];
            if (start === undefined || end === undefined) return null;
            return (
              <path key={`${from} ${to} ${job}`} d={curve({ x: start.x + BOX.width, y: start.y }, end)}>
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
              <Middle text={one.name} />
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
