import { markup, NOTHING, type Markup } from "@millwright/platform";
import { scaleOf, type Scale } from "./scale.ts";

interface PlotAxis {
  readonly name: string;
  readonly min: number;
  readonly max: number;
}

export interface PlotLine {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
  /** Dots that tell what they are when pointed at. */
  readonly notes?: readonly string[];
}

interface PlotBars {
  readonly name: string;
  readonly bars: readonly {
    readonly from: number;
    readonly to: number;
    readonly height: number;
    readonly note: string;
  }[];
}

interface PlotMark {
  readonly x: number;
  readonly y: number;
  readonly note: string;
}

export interface Plot {
  /** What the plot says, for whoever cannot see it. */
  readonly label: string;
  readonly x: PlotAxis;
  readonly y: PlotAxis;
  readonly lines?: readonly PlotLine[];
  readonly bars?: readonly PlotBars[];
  /** A dashed line, such as that of chance. */
  readonly ideal?: readonly [readonly [number, number], readonly [number, number]];
  readonly mark?: PlotMark;
}

const SIZE = { width: 400, height: 268, left: 50, right: 14, top: 28, bottom: 42 } as const;

/** Lines or bars over two axes, as SVG that takes its colours from the page. */
export function plot({ label, x, y, lines = [], bars = [], ideal, mark }: Plot): Markup {
  const across = scaleOf({ ...x, from: SIZE.left, to: SIZE.width - SIZE.right });
  const up = scaleOf({ ...y, from: SIZE.height - SIZE.bottom, to: SIZE.top });
  const names = [...bars, ...lines].map(({ name }) => name);
  const place = ([px, py]: readonly [number, number]) => `${across.at(px)},${up.at(py)}`;
  return markup`<svg viewBox="0 0 ${SIZE.width} ${SIZE.height}" role="img" aria-label="${label}">
${axes({ across, up, x, y })}${names.length > 1 ? legend(names) : NOTHING}
${ideal === undefined ? NOTHING : markup`<polyline class="ideal" points="${ideal.map(place).join(" ")}"/>`}
${bars.map(({ bars: own }, index) => barsOf(own, { across, up, index }))}
${lines.map(({ points }, index) => markup`<polyline class="line s${index}" points="${points.map(place).join(" ")}"/>`)}
${lines.flatMap(({ points, notes = [] }, index) =>
  notes.map((note, at) => dot(points[at] ?? [0, 0], { across, up, note, kind: `s${index}` })),
)}
${mark === undefined ? NOTHING : dot([mark.x, mark.y], { across, up, note: mark.note, kind: "mark" })}
</svg>`;
}

interface Axes {
  readonly across: Scale;
  readonly up: Scale;
  readonly x: PlotAxis;
  readonly y: PlotAxis;
}

function axes({ across, up, x, y }: Axes): Markup {
  const { width, height, left, right, top, bottom } = SIZE;
  const middle = (top + height - bottom) / 2;
  return markup`${up.ticks.map(
    (tick) =>
      markup`<path class="grid" d="M${left} ${up.at(tick)}H${width - right}"/><text x="${left - 6}" y="${up.at(tick) + 3.5}" text-anchor="end">${up.tell(tick)}</text>`,
  )}${across.ticks.map(
    (tick) =>
      markup`<path class="tick" d="M${across.at(tick)} ${height - bottom}v4"/><text x="${across.at(tick)}" y="${height - bottom + 16}" text-anchor="middle">${across.tell(tick)}</text>`,
  )}<path class="axis" d="M${left} ${height - bottom}H${width - right}"/><text class="name" x="${(left + width - right) / 2}" y="${height - 6}" text-anchor="middle">${x.name}</text><text class="name" transform="translate(12 ${middle}) rotate(-90)" text-anchor="middle">${y.name}</text>`;
}

const LEGEND_STEP = 6.2;

function legend(names: readonly string[]): Markup {
  let end = SIZE.width - SIZE.right;
  const entries = names.map((name, index) => ({ name, index })).toReversed();
  return markup`${entries.map(({ name, index }) => {
    const start = end - name.length * LEGEND_STEP - 16;
    const drawn = markup`<rect class="fill s${index}" x="${start}" y="8" width="10" height="4" rx="2"/><text x="${start + 14}" y="13.5">${name}</text>`;
    end = start - 12;
    return drawn;
  })}`;
}

function barsOf(
  bars: PlotBars["bars"],
  { across, up, index }: { readonly across: Scale; readonly up: Scale; readonly index: number },
): Markup {
  return markup`${bars
    .filter(({ height }) => height > 0)
    .map(({ from, to, height, note }) => {
      const [left, right, top] = [across.at(from), across.at(to), up.at(height)];
      const width = Math.max(0.5, right - left - 0.6);
      return markup`<rect class="fill bar s${index}" x="${left}" y="${top}" width="${width.toFixed(2)}" height="${(up.at(0) - top).toFixed(2)}"><title>${note}</title></rect>`;
    })}`;
}

function dot(
  [x, y]: readonly [number, number],
  {
    across,
    up,
    note,
    kind,
  }: { readonly across: Scale; readonly up: Scale; readonly note: string; readonly kind: string },
): Markup {
  return markup`<circle class="fill ${kind}" cx="${across.at(x)}" cy="${up.at(y)}" r="${kind === "mark" ? 5 : 2.6}"><title>${note}</title></circle>`;
}
