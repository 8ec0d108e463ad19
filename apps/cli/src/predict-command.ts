import { kernelErrors, toProblem, Type } from "@millwright/kernel";
import type { Command, CommandCall } from "@millwright/platform";
import { findRunning, statePaths } from "@millwright/server";
import { servingErrors } from "@millwright/serving";
import { ask, askRows } from "@millwright/serving/http";
import { answerOf } from "./answer-schema.ts";
import { predictionText } from "./explanation-text.ts";
import { problemSchema } from "./schema-command.ts";
import { projectDirOf } from "./hold-project.ts";

/** `mill predict`: straight to the serving process, which answers also while control is busy. */
export const predict: Command = {
  name: "predict",
  summary: "ask a running service; without a request, one for each line of stdin, answered in their order",
  arguments: ["SERVICE", "[REQUEST]"],
  options: { explain: { summary: "with what each feature adds to the answer" } },
  isStream: true,
  stays: true,
  example: `mill predict late-flights '{"origin": "ORD", "destination": "SFO", "departed_at": "2001-06-30T18:00:00Z", "distance": 1846}'`,
  output: Type.Union([answerOf("predict"), problemSchema]),
  handler: async (call) => {
    const [name = "", request] = call.arguments;
    const paths = statePaths(await projectDirOf(call));
    const running = await findRunning(paths);
    if (running === undefined)
      throw servingErrors.create("serving/not-running", { because: "no `mill up` of this project answers" });
    const places = {
      deploymentFile: paths.deployment,
      servingUrl: () => `http://127.0.0.1:${running.restPort}`,
    };
    const { signal } = new AbortController();
    const explain = call.options["explain"] === true;
    if (request !== undefined) {
      const parameters = explain ? { parameters: { explain } } : {};
      const body = { ...parseObject(request), ...parameters };
      call.out.record(await ask(places, { name, body, signal }), predictionText);
      return 0;
    }
    process.stdin.setEncoding("utf8");
    return answerLines(call, process.stdin, (rows) => askRows(places, { name, rows, explain, signal }));
  },
};

type AskRows = (rows: readonly Readonly<Record<string, unknown>>[]) => Promise<readonly (object | Error)[]>;

/** What comes together is asked together; answers in the order of the lines. One that is refused takes its place in it, and the exit code is 1. */
async function answerLines(call: CommandCall, input: AsyncIterable<unknown>, askTogether: AskRows): Promise<number> {
  const waiting: Promise<readonly (object | Error)[]>[] = [];
  let refused = 0;
  const tellFirst = async () => {
    for (const answer of (await waiting.shift()) ?? []) {
      if (answer instanceof Error) refused += 1;
      call.out.record(answer instanceof Error ? { error: toProblem(answer) } : answer, (value) =>
        JSON.stringify(value),
      );
    }
  };
  for await (const lines of batchesOfLines(input)) {
    waiting.push(answersOf(lines, askTogether));
    if (waiting.length >= AT_ONCE_MAX) await tellFirst();
  }
  while (waiting.length > 0) await tellFirst();
  return refused === 0 ? 0 : 1;
}

const AT_ONCE_MAX = 4;
/** Few enough to be explained in one request. */
const BATCH_MAX = 100;

/** The lines that are there, without waiting for more. */
async function* batchesOfLines(input: AsyncIterable<unknown>): AsyncGenerator<readonly string[]> {
  let rest = "";
  for await (const chunk of input) {
    const lines = `${rest}${String(chunk)}`.split("\n");
    rest = lines.pop() ?? "";
    yield* batchesOf(lines);
  }
  yield* batchesOf([rest]);
}

function* batchesOf(lines: readonly string[]): Generator<readonly string[]> {
  const written = lines.filter((line) => line.trim() !== "");
  for (let start = 0; start < written.length; start += BATCH_MAX) yield written.slice(start, start + BATCH_MAX);
}

async function answersOf(lines: readonly string[], askTogether: AskRows): Promise<readonly (object | Error)[]> {
  const read = lines.map(parsedOrError);
  const answers = await askTogether(read.flatMap((line) => (line instanceof Error ? [] : [line])));
  let next = 0;
  return read.map((line) => (line instanceof Error ? line : (answers[next++] ?? line)));
}

function parsedOrError(line: string) {
  try {
    return parseObject(line);
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

function parseObject(text: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw notAnObject(error);
  }
  if (value === null || typeof value !== "object" || Array.isArray(value)) throw notAnObject(undefined);
  return value as Record<string, unknown>;
}

function notAnObject(cause: unknown): Error {
  return kernelErrors.create("kernel/invalid", {
    because: "the request is not a JSON object",
    remedy: `Write it as in: ${predict.example}`,
    cause,
  });
}
