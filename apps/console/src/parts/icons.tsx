const PATHS: Readonly<Record<string, string>> = {
  source: "M3 5c0-1.1 2.2-2 5-2s5 .9 5 2v6c0 1.1-2.2 2-5 2s-5-.9-5-2zM3 5c0 1.1 2.2 2 5 2s5-.9 5-2",
  table: "M2.5 3.5h11v9h-11zM2.5 6.5h11M6.5 6.5v6",
  view: "M2.5 3.5h11v9h-11zM2.5 6.5h11",
  checks: "M8 2.5l5 2v3.6c0 2.6-2 4.4-5 5.4-3-1-5-2.8-5-5.4V4.500zM5.800 8l1.600 1.600 2.900-3.200",
  feature_view: "M3 12.500V7M6.300 12.500v-9M9.700 12.500V9M13 12.500V5",
  training: "M8 2v3M8 5L4 9M8 5l4 4M4 9v4M12 9v4M4 9l-1.500 3.500M12 9l1.500 3.500",
  scoring: "M3 3.500h10M3 8h10M3 12.500h6",
  service: "M2.500 3h11v4h-11zM2.500 9h11v4h-11zM5 5h.01M5 11h.01",
  monitor: "M2 8.500h3l2-5 2.500 8.500 2-5 1 1.500H14",
  road: "M3.500 4.500a1.500 1.500 0 1 0 0-.01M12.500 12.500a1.500 1.500 0 1 0 0-.01M5 4.500h4a2 2 0 0 1 0 4H7a2 2 0 0 0 0 4h4",
  branch:
    "M4.500 3.500a1.500 1.500 0 1 0 0 .01M4.500 12.500a1.500 1.500 0 1 0 0 .01M11.500 5.500a1.500 1.500 0 1 0 0 .01M4.500 5v6M11.500 7c0 2.500-3.500 2.500-6.500 3.500",
  models: "M8 2l5.500 3v6L8 14l-5.500-3V5zM8 8l5.500-3M8 8L2.500 5M8 8v6",
  sql: "M3 4l4 4-4 4M8 12.500h5",
  docs: "M3.500 2.500h6l3 3v8h-9zM9.500 2.500v3h3M5.500 8h5M5.500 10.500h5",
  search: "M7 3a4 4 0 1 0 0 8 4 4 0 0 0 0-8M10 10l3.500 3.500",
  sun: "M8 5.500a2.500 2.500 0 1 0 0 5 2.500 2.500 0 0 0 0-5M8 1.500v2M8 12.500v2M1.500 8h2M12.500 8h2M3.400 3.400l1.400 1.400M11.200 11.200l1.400 1.400M12.600 3.400l-1.400 1.400M4.800 11.200l-1.400 1.400",
  moon: "M13 9.500A5.500 5.500 0 0 1 6.500 3 5.500 5.500 0 1 0 13 9.500",
  play: "M5 3.500l7 4.500-7 4.500z",
  stop: "M4.500 4.500h7v7h-7z",
  back: "M6.5 3.5L3 7l3.500 3.500M3 7h6.500a3 3 0 0 1 0 6H7",
  copy: "M5.500 5.500h7v7h-7zM3.500 10.500v-7h7",
  close: "M4 4l8 8M12 4l-8 8",
  group: "M2.500 4.500h4l1.500 1.500h5.500v6.500h-11z",
  whole: "M2.5 6V2.500H6M10 2.500h3.500V6M13.500 10v3.500H10M6 13.500H2.500V10",
  list: "M5.500 4h8M5.500 8h8M5.500 12h8M2.500 4h.01M2.500 8h.01M2.500 12h.01",
  lineage:
    "M4.500 4a1.500 1.500 0 1 1-.01-.01M4.500 12a1.500 1.500 0 1 1-.01-.01M13.500 8a1.500 1.500 0 1 1-.01-.01M4.500 4h2.500l3.500 4M4.500 12h2.500l3.500-4",
  runs: "M2.500 4h7M2.500 8h11M2.500 12h5",
  done: "M3.500 8.500l3 3 6-7",
  unchanged: "M4 6.500h8M4 9.500h8",
  warned: "M8 3l5.500 10h-11zM8 7v2.500M8 11.500h.01",
  failed: "M8 2.500a5.500 5.500 0 1 0 0 11 5.500 5.500 0 0 0 0-11M6 6l4 4M10 6l-4 4",
  running: "M8 2.500a5.500 5.500 0 1 1-5.500 5.500",
  waiting: "M8 2.500a5.500 5.500 0 1 0 0 11 5.500 5.500 0 0 0 0-11M8 5v3.200l2 1.300",
  blocked: "M8 2.500a5.500 5.500 0 1 0 0 11 5.500 5.500 0 0 0 0-11M4.200 11.800l7.600-7.600",
};

/** A 16-pixel line icon. It stands beside a word that says the same, so screen readers pass over it. */
export function Icon({ name, size = 16 }: { readonly name: string; readonly size?: number }) {
  return (
    <svg
      className="icon"
      width={size}
      height={size}
      viewBox="0 0 16 16"
      fill="none"
      stroke="currentColor"
      strokeWidth={1.4}
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden
    >
      <path d={PATHS[name] ?? PATHS["table"]} />
    </svg>
  );
}
