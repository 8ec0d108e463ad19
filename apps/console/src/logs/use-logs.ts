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

/** The lines of a filter, oldest first; while it is live, with each new one as it is written. */
export function useLogs(filter: LogFilter, isLive: boolean): Logs {
  const { data, error, dataUpdatedAt } = useQuery({
    queryKey: ["logs", filter],
    queryFn: () => api.listLogs({ ...filter, lines: LINES_MAX }),
    // A new filter begins with what the server finds; a stream that ended left lines out.
    staleTime: 0,
    refetchOnWindowFocus: false,
  });
  const [fresh, setFresh] = useState<readonly LogLine[]>([]);
  useEffect(() => {
    setFresh([]);
    if (!isLive) return;
    const source = new EventSource("/api/v1/logs/events");
    source.addEventListener("line", (event: MessageEvent<string>) => {
      const line = JSON.parse(event.data) as LogLine;
      setFresh((lines) => [...lines, line].slice(-LINES_MAX));
    });
    return () => source.close();
  }, [isLive, dataUpdatedAt]);
  const lines = data && [...data, ...fresh.filter((line) => isShown(line, filter))].slice(-LINES_MAX);
  return { lines, error };
}
