import type { LogLine } from "@millwright/client";
import { useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { api } from "../api.ts";
import { isShown, type LogFilter } from "./log-filter.ts";

/** So many of the newest are shown. */
const LINES_MAX = 1_000;

export interface Logs {
  readonly lines: readonly LogLine[] | undefined;
  readonly error: Error | null;
}

/**
 * The lines of a filter, oldest first; while it is live, with each new one as it is written. One stream of all lines goes
 * on whatever the filter: what is written while the server looks for another one's lines would be in neither.
 */
export function useLogs(filter: LogFilter, isLive: boolean): Logs {
  const { data, error, refetch } = useQuery({
    queryKey: ["logs", filter],
    queryFn: () => api.listLogs({ ...filter, lines: LINES_MAX }),
    staleTime: 0,
    refetchOnWindowFocus: false,
  });
  const [fresh, setFresh] = useState<readonly LogLine[]>([]);
  useEffect(() => {
    if (!isLive) return;
    const source = new EventSource("/api/v1/logs/events");
    // A stream that begins, or begins again, has left out what was written before.
    source.addEventListener("open", () => void refetch());
    source.addEventListener("line", (event: MessageEvent<string>) => {
      const line = JSON.parse(event.data) as LogLine;
      setFresh((lines) => [...lines, line].slice(-LINES_MAX));
    });
    return () => source.close();
  }, [isLive, refetch]);
  return {
    lines:
      data &&
      joined(
        data,
        fresh.filter((line) => isShown(line, filter)),
      ),
    error,
  };
}

/** What was found and what came since: a line may be in both. */
function joined(found: readonly LogLine[], fresh: readonly LogLine[]): readonly LogLine[] {
  const known = new Set(found.map(keyOf));
  return [...found, ...fresh.filter((line) => !known.has(keyOf(line)))].slice(-LINES_MAX);
}

function keyOf({ time, process, pid, message, fields }: LogLine): string {
  return JSON.stringify([time, process, pid, message, fields]);
}
