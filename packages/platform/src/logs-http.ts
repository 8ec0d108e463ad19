import { Type } from "@millwright/kernel";
import type { EventRoute } from "./http/event-stream.ts";
import { route, type Route } from "./http/route.ts";
import { followLogs, readLogs, type LogLine } from "./logs.ts";

const LINES_MAX = 5_000;
const LINES = 500;

const LevelSchema = Type.Union([
  Type.Literal("debug"),
  Type.Literal("info"),
  Type.Literal("warn"),
  Type.Literal("error"),
]);

const LogLineSchema = Type.Object(
  {
    time: Type.String({ description: "ISO 8601, in UTC." }),
    level: LevelSchema,
    process: Type.String({ description: "control or serving." }),
    pid: Type.Integer(),
    message: Type.String(),
    fields: Type.Record(Type.String(), Type.Unknown(), { description: "What else the line says." }),
  },
  { title: "LogLine" },
);

/** The project's logs over HTTP, from the folder in which they lie. */
export function logRoutes(folder: () => string): readonly Route[] {
  return [
    route({
      id: "listLogs",
      path: "/api/v1/logs",
      summary: "The newest lines of the logs, oldest first.",
      query: Type.Object({
        process: Type.Optional(Type.String({ maxLength: 200, description: "control or serving." })),
        level: Type.Optional(LevelSchema),
        step: Type.Optional(Type.String({ maxLength: 500, description: "training:late-flights, or its name alone." })),
        text: Type.Optional(Type.String({ maxLength: 500, description: "What a line has in it, in any case." })),
        lines: Type.Integer({ default: LINES, minimum: 1, maximum: LINES_MAX }),
      }),
      response: Type.Array(LogLineSchema),
      handler: async ({ query: { lines, ...filter } }) =>
        (await readLogs({ folder: folder(), filter, lines })).map(lineOf),
    }),
  ];
}

/** Each line as it is written, from the moment of asking on. */
export function logEvents(folder: string): EventRoute {
  return {
    path: "/api/v1/logs/events",
    summary: "The logs' lines as they are written, as server-sent events: `line`.",
    subscribe: (send) => {
      const ending = new AbortController();
      const onLine = (line: LogLine) => send({ event: "line", data: lineOf(line) });
      void followLogs({ folder, filter: {}, lines: 0, signal: ending.signal, onLine }).catch(() => undefined);
      return () => ending.abort();
    },
  };
}

function lineOf({ time, level, process, pid, message, instance: _instance, ...fields }: LogLine) {
  return { time, level, process, pid, message, fields };
}
