import { Type } from "@millwright/kernel";
import { platformErrors, type Command, type CommandCall } from "@millwright/platform";
import { statePaths } from "@millwright/server";
import { followLogs, readLogs, type LogFilter, type LogLine } from "@millwright/platform/logs";
import { INTERRUPTED, interruptible } from "./interruption.ts";
import { projectDirOf } from "./hold-project.ts";

const DEFAULT_LINES = 100;
const LEVELS = ["debug", "info", "warn", "error"] as const;

export const logs: Command = {
  name: "logs",
  summary: "what the project's processes said",
  arguments: [],
  options: {
    follow: { summary: "go on with what they say from now on, until Ctrl-C" },
    step: { value: "STEP", summary: "only of this step of the road: training:late-flights, or its name alone" },
    process: { value: "NAME", summary: "only of this process: control or serving" },
    level: { value: "LEVEL", summary: "only what is at least this: debug, info, warn, error" },
    text: { value: "TEXT", summary: "only what has this in it, in any case" },
    lines: { value: "LINES", summary: `at most so many of the newest (${DEFAULT_LINES})` },
  },
  example: "mill logs --process serving --level warn --follow",
  isStream: true,
  stays: true,
  output: Type.Object({
    time: Type.String(),
    level: Type.Union(LEVELS.map((level) => Type.Literal(level))),
    pid: Type.Integer(),
    process: Type.String(),
    message: Type.String(),
  }),
  handler: (call) =>
    interruptible(async (signal) => {
      const { logs: folder } = statePaths(await projectDirOf(call));
      const filter = filterOf(call);
      const lines = countOf(call.options["lines"]);
      const tell = (line: LogLine) => call.out.record(line, inWords);
      if (call.options["follow"] !== true) {
        for (const line of await readLogs({ folder, filter, lines })) tell(line);
        return 0;
      }
      await followLogs({ folder, filter, lines, signal, onLine: tell });
      return INTERRUPTED;
    }),
};

function filterOf({ options }: CommandCall): LogFilter {
  const { step, process, level, text } = options;
  const known = LEVELS.find((one) => one === level);
  if (level !== undefined && known === undefined)
    throw platformErrors.create("platform/usage", {
      because: `--level: ${JSON.stringify(level)} is none of ${LEVELS.join(", ")}`,
      remedy: "Write it as in `mill logs --level warn`.",
    });
  return {
    ...(typeof step === "string" ? { step } : {}),
    ...(typeof process === "string" ? { process } : {}),
    ...(known === undefined ? {} : { level: known }),
    ...(typeof text === "string" ? { text } : {}),
  };
}

function countOf(text: string | boolean | undefined): number {
  const count = Number(text ?? DEFAULT_LINES);
  if (Number.isInteger(count) && count > 0) return count;
  throw platformErrors.create("platform/usage", {
    because: `--lines: ${JSON.stringify(text)} is not a number of lines`,
    remedy: "Write it as in `mill logs --lines 20`.",
  });
}

function inWords({ time, level, process, message, ...fields }: LogLine): string {
  const { pid: _pid, instance: _instance, ...told } = fields as Readonly<Record<string, unknown>>;
  const rest = Object.entries(told).map(
    ([name, value]) => ` ${name}=${typeof value === "string" ? value : JSON.stringify(value)}`,
  );
  return `${time} ${level.padEnd(5)} ${process}  ${message}${rest.join("")}`;
}
