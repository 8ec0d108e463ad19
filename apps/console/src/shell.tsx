import { useIsFetching, useIsMutating } from "@tanstack/react-query";
import { Link, Outlet } from "@tanstack/react-router";
import { useState } from "react";
import { ConnectionLost } from "./connection-lost.tsx";
import { useLiveRoad } from "./live-road.ts";
import { KeysHelp } from "./keys-help.tsx";
import { Palette } from "./palette.tsx";
import { Icon } from "./parts/icons.tsx";
import { useTheme } from "./theme.ts";
import { useKey } from "./use-key.ts";

const PAGES = [
  { to: "/", name: "Road", icon: "road" },
  { to: "/tables", name: "Tables", icon: "table" },
  { to: "/checks", name: "Checks", icon: "checks" },
  { to: "/branches", name: "Branches", icon: "branch" },
  { to: "/models", name: "Models", icon: "models" },
  { to: "/services", name: "Services", icon: "service" },
  { to: "/monitors", name: "Monitors", icon: "monitor" },
  { to: "/lineage", name: "Lineage", icon: "lineage" },
  { to: "/runs", name: "Runs", icon: "runs" },
  { to: "/logs", name: "Logs", icon: "list" },
  { to: "/sql", name: "SQL", icon: "sql" },
  { to: "/docs", name: "Docs", icon: "docs" },
] as const;

/** What stands around every page: where one can go, finding, and whether the connection stands. */
export function Shell() {
  const [sheet, setSheet] = useState<"palette" | "keys" | undefined>();
  const { road, lostAtMs } = useLiveRoad();
  // What is asked again while its last answer is shown keeps nobody waiting.
  const reading = useIsFetching({
    predicate: ({ queryKey, state }) => queryKey[0] !== "serving-load" && state.data === undefined,
  });
  const asking = useIsMutating();
  useKey({ key: "k", withControl: true }, () => setSheet("palette"));
  useKey({ key: "?" }, () => setSheet("keys"));
  return (
    <div className="shell" aria-busy={reading + asking > 0 || road === undefined}>
      <nav className="nav" aria-label="Pages">
        <Link to="/" className="brand" aria-label="Millwright">
          <Mark />
          <span>Millwright</span>
        </Link>
        {PAGES.map(({ to, name, icon }) => (
          <Link key={to} to={to} className="item" activeOptions={{ exact: to === "/", includeSearch: false }}>
            <Icon name={icon} />
            <span>{name}</span>
          </Link>
        ))}
        <div className="foot">
          <button type="button" className="button quiet" onClick={() => setSheet("palette")}>
            <Icon name="search" size={14} />
            <span>Find</span> <kbd>Ctrl K</kbd>
          </button>
          <ThemeButton />
        </div>
      </nav>
      <Outlet />
      {sheet === "palette" ? <Palette onClose={() => setSheet(undefined)} /> : null}
      {sheet === "keys" ? <KeysHelp onClose={() => setSheet(undefined)} /> : null}
      {lostAtMs === undefined ? null : <ConnectionLost sinceMs={lostAtMs} />}
    </div>
  );
}

function ThemeButton() {
  const [theme, toggle] = useTheme();
  return (
    <button type="button" className="button quiet" onClick={toggle}>
      <Icon name={theme === "dark" ? "sun" : "moon"} size={14} />
      <span>{theme === "dark" ? "Light" : "Dark"}</span>
    </button>
  );
}

/** A mill wheel. */
function Mark() {
  return (
    <svg width={20} height={20} viewBox="0 0 20 20" fill="none" stroke="var(--accent)" strokeWidth={1.7} aria-hidden>
      <circle cx={10} cy={10} r={6.5} />
      <circle cx={10} cy={10} r={1.6} />
      <path d="M10 1v7.400M10 11.600V19M1 10h7.400M11.600 10H19M3.600 3.600l5.200 5.200M11.200 11.200l5.200 5.200M16.400 3.600l-5.200 5.200M8.800 11.200l-5.200 5.200" />
    </svg>
  );
}
