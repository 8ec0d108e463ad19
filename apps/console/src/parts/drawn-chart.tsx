import { BarChart, LineChart, ScatterChart } from "echarts/charts";
import { GridComponent, LegendComponent, MarkLineComponent, TooltipComponent } from "echarts/components";
import { init, use, type EChartsType } from "echarts/core";
import { SVGRenderer } from "echarts/renderers";
import { useEffect, useRef } from "react";
import { shortCount } from "../format.ts";
import { useTheme } from "../theme.ts";

use([
  BarChart,
  LineChart,
  ScatterChart,
  GridComponent,
  LegendComponent,
  MarkLineComponent,
  TooltipComponent,
  SVGRenderer,
]);

export interface ChartAxis {
  readonly name: string;
  readonly min?: number;
  readonly max?: number;
  readonly isTime?: boolean;
  /** Marked at whole numbers alone. */
  readonly isWhole?: boolean;
  /** `2.9M` at its marks. */
  readonly isShort?: boolean;
}

export interface ChartSeries {
  readonly name: string;
  readonly points: readonly (readonly [number, number])[];
  /** Bars stand on the axis, above and below it; marks lie upon the lines. */
  readonly kind?: "line" | "bar" | "marks";
  /** Told beside a point: its rows, its threshold. */
  readonly notes?: readonly string[];
}

export interface ChartProps {
  /** What the plot says, for whoever cannot see it. */
  readonly label: string;
  readonly x: ChartAxis;
  readonly y: ChartAxis;
  readonly series: readonly ChartSeries[];
  /** A dashed line, such as that of chance. */
  readonly ideal?: readonly [readonly [number, number], readonly [number, number]];
  readonly height?: number;
}

const SHOWN_POINTS_MAX = 30;

/** Lines in the page's own colours; they follow its theme. */
export function DrawnChart(props: ChartProps) {
  const place = useRef<HTMLDivElement>(null);
  const chart = useRef<EChartsType>(undefined);
  const [theme] = useTheme();
  useEffect(() => {
    if (place.current === null) return;
    const made = init(place.current, null, { renderer: "svg" });
    chart.current = made;
    const resized = new ResizeObserver(() => made.resize());
    resized.observe(place.current);
    return () => {
      resized.disconnect();
      made.dispose();
    };
  }, []);
  useEffect(() => {
    if (place.current !== null) chart.current?.setOption(optionOf(props, coloursOf(place.current)), true);
  }, [props, theme]);
  return <div ref={place} role="img" aria-label={props.label} style={{ height: props.height ?? 240 }} />;
}

interface Colours {
  readonly text: string;
  readonly muted: string;
  readonly line: string;
  readonly panel: string;
  readonly series: readonly string[];
  /** By which the widths of words are measured: a name that a canvas knows. */
  readonly font: string;
}

function coloursOf(element: HTMLElement): Colours {
  const style = getComputedStyle(element);
  const colour = (name: string) => style.getPropertyValue(`--${name}`).trim();
  return {
    text: colour("text"),
    muted: colour("muted"),
    line: colour("line"),
    panel: colour("panel"),
    series: ["accent", "warn", "good", "bad", "busy"].map(colour),
    font: style.fontFamily,
  };
}

function optionOf({ x, y, series, ideal }: ChartProps, colours: Colours) {
  const axis = ({ name, min, max, isTime, isWhole, isShort }: ChartAxis) => ({
    type: isTime === true ? ("time" as const) : ("value" as const),
    name,
    nameLocation: "middle" as const,
    nameGap: 28,
    nameTextStyle: { color: colours.muted, fontSize: 11 },
    axisLabel: {
      color: colours.muted,
      fontSize: 11,
      hideOverlap: true,
      ...(isShort === true ? { formatter: (value: number) => shortCount(value) } : {}),
      ...(isWhole === true ? { showMinLabel: false, showMaxLabel: false } : {}),
    },
    ...(isWhole === true ? { minInterval: 1 } : {}),
    axisLine: { show: true, lineStyle: { color: colours.line } },
    splitLine: { show: isWhole !== true, lineStyle: { color: colours.line } },
    ...(min === undefined ? {} : { min }),
    ...(max === undefined ? {} : { max }),
  });
  return {
    animation: false,
    color: [...colours.series],
    textStyle: { fontFamily: colours.font },
    grid: { left: 56, right: 16, top: series.length > 1 ? 30 : 12, bottom: 44 },
    ...(series.length > 1
      ? {
          legend: {
            top: 0,
            right: 14,
            icon: "roundRect",
            itemHeight: 3,
            itemGap: 24,
            textStyle: { color: colours.text, fontSize: 11 },
          },
        }
      : {}),
    tooltip: {
      trigger: "item" as const,
      // The words of a tip are data: as text they are drawn, never read as markup.
      renderMode: "richText" as const,
      backgroundColor: colours.panel,
      borderColor: colours.line,
      textStyle: { color: colours.text, fontSize: 12 },
      formatter: (at: unknown) => tip(at, { x, y, series }),
    },
    xAxis: axis(x),
    yAxis: { ...axis(y), nameGap: 40 },
    series: series.map(({ name, points, kind }, index) => ({
      ...KINDS[kind ?? "line"],
      name,
      data: points.map(([px, py]) => [px, py]),
      ...(kind === "marks" ? { color: colours.series[BAD] } : { symbolSize: 5 }),
      showSymbol: points.length <= SHOWN_POINTS_MAX,
      // Where two lines lie upon one another, both are seen.
      lineStyle: { width: 1.75, ...(isSecond(series, index) ? { type: "dashed" as const } : {}) },
      ...(index === 0 && ideal !== undefined
        ? {
            markLine: {
              silent: true,
              symbol: "none",
              label: { show: false },
              lineStyle: { color: colours.muted, type: "dashed" as const, width: 1 },
              data: [[{ coord: [...ideal[0]] }, { coord: [...ideal[1]] }]],
            },
          }
        : {}),
    })),
  };
}

const BAD = 3;

function isSecond(series: readonly ChartSeries[], index: number): boolean {
  const lines = series.filter(({ kind }) => kind === undefined || kind === "line");
  return lines.length === 2 && series[index] === lines[1];
}

const BARS = { type: "bar" as const, stack: "bars", barMaxWidth: 18, barMinHeight: 1, itemStyle: { opacity: 0.55 } };
const KINDS = { line: { type: "line" as const }, bar: BARS, marks: { type: "scatter" as const, symbolSize: 9, z: 5 } };

function tip(at: unknown, { x, y, series }: Pick<ChartProps, "x" | "y" | "series">): string {
  const { seriesIndex, dataIndex } = at as { readonly seriesIndex: number; readonly dataIndex: number };
  const shown = series[seriesIndex];
  const point = shown?.points[dataIndex];
  if (shown === undefined || point === undefined) return "";
  const told = ({ isTime }: ChartAxis, value: number) =>
    isTime === true
      ? new Date(value).toISOString().slice(0, 16).replace("T", " ")
      : String(Number(value.toPrecision(4)));
  const note = shown.notes?.[dataIndex];
  return [
    ...(series.length > 1 ? [shown.name] : []),
    `${x.name}: ${told(x, point[0])}`,
    `${y.name}: ${told(y, point[1])}`,
    ...(note === undefined ? [] : [note]),
  ].join("\n");
}
