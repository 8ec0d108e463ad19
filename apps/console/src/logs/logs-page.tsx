import type { LogLine } from "@millwright/client";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useEffect, useLayoutEffect, useRef, useState } from "react";
import { Empty } from "../parts/empty.tsx";
import { Page } from "../parts/page.tsx";
import { Problem } from "../parts/problem.tsx";
import { LEVELS, PROCESSES, type LogFilter } from "./log-filter.ts";
import { useLogs } from "./use-logs.ts";

/** What the processes say, as they say it. */
export function LogsPage() {
  const filter = useSearch({ from: "/logs" });
  const [isLive, setIsLive] = useState(true);
  const { lines, error } = useLogs(filter, isLive);
  return (
    <Page
      title="Logs"
      docs="how-to/debug-a-run.md"
      lead="What the control and serving processes say; the newest is at the end"
      actions={
        <button type="button" className="button" aria-pressed={isLive} onClick={() => setIsLive(!isLive)}>
          {isLive ? "Live" : "Held"}
        </button>
      }
    >
      <Filters filter={filter} />
      {error === null ? null : <Problem error={error} />}
      {lines === undefined ? null : lines.length === 0 ? (
        <Empty command="mill logs --follow">
          {Object.keys(filter).length === 0 ? "Nothing has been said yet." : "No line is like that."} A terminal shows
          the same.
        </Empty>
      ) : (
        <Lines lines={lines} />
      )}
    </Page>
  );
}

const LATER_MS = 250;

function Filters({ filter }: { readonly filter: LogFilter }) {
  const navigate = useNavigate({ from: "/logs" });
  const [text, setText] = useState(filter.text ?? "");
  const change = (part: Readonly<Record<string, string>>) =>
    void navigate({ search: { ...filter, ...part } as LogFilter, replace: true });
  useEffect(() => {
    if (text === (filter.text ?? "")) return;
    const timer = setTimeout(() => change({ text }), LATER_MS);
    return () => clearTimeout(timer);
  });
  return (
    <div className="row filters">
      <select
        className="field"
        aria-label="Process"
        value={filter.process ?? ""}
        onChange={({ target }) => change({ process: target.value })}
      >
        <option value="">both processes</option>
        {PROCESSES.map((name) => (
          <option key={name}>{name}</option>
        ))}
      </select>
      <select
        className="field"
        aria-label="Level"
        value={filter.level ?? ""}
        onChange={({ target }) => change({ level: target.value })}
      >
        <option value="">every level</option>
        {LEVELS.slice(1).map((name) => (
          <option key={name} value={name}>
            {name === "error" ? "error" : `${name} and above`}
          </option>
        ))}
      </select>
      <input
        className="field"
        type="search"
        aria-label="Text"
        placeholder="has this in it"
        value={text}
        onChange={({ target }) => setText(target.value)}
      />
      {filter.step === undefined ? null : (
        <button type="button" className="button" onClick={() => change({ step: "" })}>
          only {filter.step} ×
        </button>
      )}
    </div>
  );
}

/** The end stays in sight while the reader is at it; who has scrolled up is left there. */
function Lines({ lines }: { readonly lines: readonly LogLine[] }) {
  const box = useRef<HTMLDivElement>(null);
  const isAtEnd = useRef(true);
  useLayoutEffect(() => {
    if (box.current !== null && isAtEnd.current) box.current.scrollTop = box.current.scrollHeight;
  }, [lines]);
  const onScroll = ({ currentTarget: { scrollHeight, scrollTop, clientHeight } }: React.UIEvent<HTMLDivElement>) => {
    isAtEnd.current = scrollHeight - scrollTop - clientHeight < 8;
  };
  return (
    <div
      className="panel logs"
      ref={box}
      onScroll={onScroll}
      tabIndex={0}
      role="log"
      aria-live="off"
      aria-label="Lines"
    >
      <table>
        <tbody>
          {lines.map((line, index) => (
            <tr key={`${line.time} ${index}`} className={line.level}>
              <td className="muted" title={line.time}>
                {line.time.slice(11, 23)}
              </td>
              <td className="level">{line.level}</td>
              <td className="muted">{line.process}</td>
              <td className="said">
                {line.message}
                <span className="muted">{fieldsOf(line)}</span>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function fieldsOf({ fields }: LogLine): string {
  return Object.entries(fields)
    .map(([name, value]) => ` ${name}=${typeof value === "string" ? value : JSON.stringify(value)}`)
    .join("");
}
