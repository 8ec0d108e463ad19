import type { TableAnatomy } from "@millwright/client";
import { useMemo, useState } from "react";
import { bytes, count, counted, percent } from "../format.ts";
import { Ago } from "../parts/time.tsx";
import { useWidth } from "../use-width.ts";
import { squarify, type Box } from "./treemap.ts";

export type File = TableAnatomy["files"][number];

const HEIGHT = 240;
const TITLE = 17;
const GAP = 3;
const AGE_STEPS = 5;
const LABEL = { width: 74, height: 30, letter: 6.6 } as const;

export const COLOURED_BY = ["age", "deletes"] as const;
export type ColouredBy = (typeof COLOURED_BY)[number];

interface FileMapProps {
  readonly files: readonly File[];
  readonly spansOf: string | null;
  readonly colouredBy: ColouredBy;
}

/** The files of a table as rectangles as large as they are, those of a partition together. */
export function FileMap({ files, spansOf, colouredBy }: FileMapProps) {
  const { place, width } = useWidth();
  const [shown, setShown] = useState<File>();
  const groups = useMemo(() => layOut(files, width), [files, width]);
  const levelOf = useMemo(() => levels(files, colouredBy), [files, colouredBy]);
  return (
    <div className="body file-map" ref={place}>
      <svg
        width={width}
        height={HEIGHT}
        role="img"
        aria-label={`${counted(files.length, "file")} in ${counted(groups.length, "partition")}, by size`}
        onMouseLeave={() => setShown(undefined)}
      >
        {groups.map(({ partition, box, parts }) => (
          <g key={partition ?? ""}>
            {partition === null || !hasRoom(box) ? null : (
              <text x={box.x + 2} y={box.y + 12}>
                {cut(valuesOf(partition), box.width)}
              </text>
            )}
            {parts.map(({ file, at }) => (
              <rect
                key={file.path}
                className={`${colouredBy} level-${levelOf(file)}${file === shown ? " shown" : ""}`}
                {...inset(at)}
                rx={2}
                onMouseEnter={() => setShown(file)}
              >
                <title>{`${file.path}\n${toldOf(file, spansOf).join(", ")}`}</title>
              </rect>
            ))}
          </g>
        ))}
      </svg>
      <Legend colouredBy={colouredBy} />
      <p className="told muted" aria-live="polite">
        {shown === undefined ? (
          "Point at a file: what is in it is told here."
        ) : (
          <>
            <span className="mono">{shown.path.slice(shown.path.lastIndexOf("/") + 1)}</span>,{" "}
            {shown.partition === null ? "" : `${shown.partition}, `}
            {toldOf(shown, spansOf).join(", ")}, written <Ago atMs={shown.addedAtMs} />
          </>
        )}
      </p>
    </div>
  );
}

function toldOf(
  { rows, bytes: size, deleteFiles, deletedRowsMax, span }: File,
  column: string | null,
): readonly string[] {
  return [
    counted(rows, "row"),
    bytes(size),
    ...(deleteFiles === 0
      ? []
      : [
          `${counted(deleteFiles, "delete file")}: at most ${count(deletedRowsMax)} rows gone (${percent(deletedRowsMax / Math.max(1, rows))})`,
        ]),
    ...(span === null || column === null ? [] : [`${column} ${span.least} – ${span.most}`]),
  ];
}

function Legend({ colouredBy }: { readonly colouredBy: ColouredBy }) {
  const [first, last] = colouredBy === "age" ? ["oldest", "newest"] : ["no rows deleted", "half of them or more"];
  return (
    <div className="row map-legend muted">
      {first}
      <span aria-hidden>
        {Array.from({ length: AGE_STEPS }, (_, level) => (
          <i key={level} className={`${colouredBy} level-${level}`} />
        ))}
      </span>
      {last}
    </div>
  );
}

/** From 0 to 4: by when a file was written among the others', or by how much of it is deleted. */
function levels(files: readonly File[], colouredBy: ColouredBy): (file: File) => number {
  if (colouredBy === "deletes")
    return ({ deletedRowsMax, rows }) =>
      deletedRowsMax === 0 ? 0 : Math.min(4, 1 + Math.floor((deletedRowsMax / Math.max(1, rows)) * 6));
  const times = [...new Set(files.map(({ addedAtMs }) => addedAtMs ?? 0))].toSorted((one, other) => one - other);
  const ranks = new Map(times.map((time, rank) => [time, rank]));
  return ({ addedAtMs }) =>
    times.length < 2 ? 2 : Math.round(((ranks.get(addedAtMs ?? 0) ?? 0) / (times.length - 1)) * (AGE_STEPS - 1));
}

interface Group {
  readonly partition: string | null;
  readonly box: Box;
  readonly parts: readonly { readonly file: File; readonly at: Box }[];
}

/** Each partition a box, with its files in it. */
function layOut(files: readonly File[], width: number): readonly Group[] {
  const sizeOf = (all: readonly File[]) => all.reduce((sum, file) => sum + Math.max(1, file.bytes), 0);
  const groups = [...Map.groupBy(files, ({ partition }) => partition)]
    .map(([partition, own]) => ({ partition, own, size: sizeOf(own) }))
    .toSorted((one, other) => other.size - one.size);
  const boxes = squarify(
    groups.map(({ size }) => size),
    { x: 0, y: 0, width, height: HEIGHT },
  );
  return groups.map(({ partition, own }, index) => {
    const box = boxes[index] ?? { x: 0, y: 0, width: 0, height: 0 };
    const title = partition === null || !hasRoom(box) ? 0 : TITLE;
    const inner =
      partition === null ? box : { ...box, width: Math.max(0, box.width - GAP), height: Math.max(0, box.height - GAP) };
    const room = { ...inner, y: inner.y + title, height: Math.max(0, inner.height - title) };
    const places = squarify(
      own.map((file) => Math.max(1, file.bytes)),
      room,
    );
    const parts = own.map((file, at) => ({ file, at: places[at] ?? room }));
    return { partition, box, parts };
  });
}

function hasRoom({ width, height }: Box): boolean {
  return width >= LABEL.width && height >= LABEL.height;
}

function inset({ x, y, width, height }: Box): Box {
  return { x, y, width: Math.max(0.5, width - 1), height: Math.max(0.5, height - 1) };
}

/** `2001-01-08 · AA` of `day=2001-01-08, carrier=AA`: by what is partitioned stands above the map. */
function valuesOf(partition: string): string {
  return partition
    .split(", ")
    .map((field) => field.slice(field.indexOf("=") + 1))
    .join(" · ");
}

/** Partitions differ at the ends of their names. */
function cut(text: string, width: number): string {
  const letters = Math.floor(width / LABEL.letter) - 1;
  return text.length <= letters ? text : `…${text.slice(-(letters - 1))}`;
}
