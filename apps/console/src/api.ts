import { ControlError, createControlApi, httpTransport, type ControlProblem } from "@millwright/client";
import { QueryClient } from "@tanstack/react-query";

/** How the control process that serves these pages is reached. */
export const transport = httpTransport("");

/** The control process that serves these pages. */
export const api = createControlApi(transport);

export const queries = new QueryClient({
  defaultOptions: { queries: { retry: 1, staleTime: 5_000, refetchOnWindowFocus: true } },
});

/** What is told of an error: the server's own words, or that it cannot be reached. */
export function problemOf(error: unknown): ControlProblem {
  if (error instanceof ControlError) return error.problem;
  return {
    type: "about:blank",
    title: "The control process does not answer",
    status: 0,
    detail: error instanceof Error ? error.message : "the connection failed",
    code: "console/unreachable",
    remedy: "Look at the terminal where `mill up` runs, or start it again.",
  };
}
