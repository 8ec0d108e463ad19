import type { Snapshot, TableAnatomy } from "@millwright/client";
import { useQueries, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useEffect } from "react";
import { api } from "../api.ts";
import { count, counted, exactTime, signedCount } from "../format.ts";
import { useWidth } from "../use-width.ts";
import { snapshotTree, type Head, type Placed } from "./snapshot-tree.ts";
import type { TablePlace } from "./table-place.ts";

const SHOWN_MAX = 60;
const STEP = { x: 46, y: 46 } as const;
const EDGE = { x: 24, top: 34, bottom: 22 } as const;
const RADIUS = 6;
const LETTER = 6.8;
const NAME_LETTERS_MAX = 22;

interface SnapshotPictureProps {
  readonly history: readonly Snapshot[];
  readonly place: TablePlace;
  readonly refs: TableAnatomy["refs"];
  readonly current: string | null;
}

/** The snapshots from left to right with what came of which, and what points at them: main, branches and tags. */
export function SnapshotPicture({ history, place, refs, current }: SnapshotPictureProps) {
  const beside = useBranches(place);
  const { place: ref, element: box, width: room } = useWidth();
  const heads: readonly Head[] = [
    ...(current === null ? [] : [{ name: place.branch ?? "main", kind: "main" as const, snapshotId: current }]),
    ...beside.map(({ name, snapshotId }) => ({ name, kind: "project branch" as const, snapshotId })),
    ...refs.filter(({ name, kind }) => kind === "tag" || name !== "main"),
  ];
  const all = [...history, ...beside.flatMap((one) => one.history)];
  const { placed, links, lanes } = snapshotTree(all, heads, SHOWN_MAX);
  const last = placed.at(-1)?.snapshot.snapshotId;
  useEffect(() => {
    // The newest are looked at first.
    if (box !== null) box.scrollLeft = box.scrollWidth;
  }, [box, last, room]);
  if (placed.length === 0) return null;
  const widest = Math.max(...placed.map((one) => xOf(one) + labelWidth(one)), 0);
  const width = Math.max(widest, EDGE.x * 2 + (placed.length - 1) * STEP.x);
  const height = EDGE.top + EDGE.bottom + (lanes - 1) * STEP.y;
  return (
    <div ref={ref} className="scroll snapshots" tabIndex={0} role="region" aria-label="Snapshots, drawn">
      <svg width={width} height={height}>
        {links.map(({ from, to }) => (
          <path key={to.snapshot.snapshotId} d={linkPath(from, to)} />
        ))}
        {placed.map((one) => (
          <Dot key={one.snapshot.snapshotId} placed={one} place={place} shown={place.at ?? current} />
        ))}
      </svg>
    </div>
  );
}

interface DotProps {
  readonly placed: Placed;
  readonly place: TablePlace;
  readonly shown: string | null;
}

function Dot({ placed, place, shown }: DotProps) {
  const { snapshot, heads } = placed;
  const [x, y] = [xOf(placed), yOf(placed)];
  const told = toldOf(snapshot);
  const own = heads.find(({ kind }) => kind === "project branch");
  const branch = own?.name ?? place.branch;
  return (
    <Link
      to="/tables/$name"
      params={{ name: place.name }}
      search={{
        ...(own === undefined ? { at: snapshot.snapshotId } : {}),
        ...(branch === undefined ? {} : { branch }),
      }}
      aria-label={[...heads.map(nameOf), told].join(" ")}
    >
      <circle
        className={`${snapshot.operation}${snapshot.snapshotId === shown ? " shown" : ""}`}
        cx={x}
        cy={y}
        r={RADIUS}
      />
      <title>{told}</title>
      {heads.length === 0 ? null : (
        <text x={x - RADIUS} y={y - RADIUS - 6}>
          {heads.map(({ name, kind }, index) => (
            <tspan key={`${kind} ${name}`} className={kind.replace(" ", "-")}>
              {index === 0 ? "" : "  "}
              {nameOf({ name, kind })}
            </tspan>
          ))}
        </text>
      )}
    </Link>
  );
}

function toldOf({ operation, committedAtMs, rowCount, snapshotId, summary }: Snapshot): string {
  const [added, removed] = [Number(summary["added-records"] ?? 0), Number(summary["deleted-records"] ?? 0)];
  return `${operation}, ${exactTime(committedAtMs)}: ${counted(rowCount, "row")}, ${signedCount(added)} added, ${count(removed)} removed, snapshot ${snapshotId}`;
}

function nameOf({ name, kind }: Pick<Head, "name" | "kind">): string {
  const short = name.length <= NAME_LETTERS_MAX ? name : `${name.slice(0, NAME_LETTERS_MAX - 1)}…`;
  return kind === "tag" ? `#${short}` : short;
}

function xOf({ column }: Placed): number {
  return EDGE.x + column * STEP.x;
}

function yOf({ lane }: Placed): number {
  return EDGE.top + lane * STEP.y;
}

function labelWidth({ heads }: Placed): number {
  return heads.reduce<number>((sum, head) => sum + (nameOf(head).length + 2) * LETTER, EDGE.x);
}

/** Straight along a lane; from one to another in a bow. */
function linkPath(from: Placed, to: Placed): string {
  const [x1, y1, x2, y2] = [xOf(from), yOf(from), xOf(to), yOf(to)];
  if (y1 === y2) return `M${x1} ${y1}H${x2}`;
  const turn = Math.min(x2, x1 + STEP.x);
  return `M${x1} ${y1}C${turn} ${y1} ${x1} ${y2} ${turn} ${y2}H${x2}`;
}

interface Beside {
  readonly name: string;
  readonly snapshotId: string;
  readonly history: readonly Snapshot[];
}

/** The project's branches that have changed the table, as it is on each. Of a branch's page there are none. */
function useBranches({ name, branch }: TablePlace): readonly Beside[] {
  const isMain = branch === undefined;
  const branches = useQuery({ queryKey: ["branches"], queryFn: () => api.listBranches(), enabled: isMain });
  const names = isMain ? (branches.data ?? []).map((one) => one.name) : [];
  const changes = useQueries({
    queries: names.map((one) => ({
      queryKey: ["branches", one],
      queryFn: () => api.showBranch({ branch: one }),
    })),
  });
  const own = names.filter((_, index) =>
    changes[index]?.data?.changes.some((change) => change.name === name && change.kind !== "removed"),
  );
  const tables = useQueries({
    queries: own.map((one) => ({
      queryKey: ["tables", name, one],
      queryFn: () => api.showTable({ name, branch: one }),
      retry: false,
    })),
  });
  return own.flatMap((one, index) => {
    const { table, history = [] } = tables[index]?.data ?? {};
    const snapshotId = table?.snapshotId ?? undefined;
    return snapshotId === undefined ? [] : [{ name: one, snapshotId, history }];
  });
}
