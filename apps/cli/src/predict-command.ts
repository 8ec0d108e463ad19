import { createInterface } from "node:readline";
import { kernelErrors, toProblem, Type } from "@millwright/kernel";
import type { Command, CommandCall } from "@millwright/platform";
import { findRunning, statePaths } from "@millwright/server";
import { servingErrors } from "@millwright/serving";
import { ask } from "@millwright/serving/http";
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
    const parameters = call.options["explain"] === true ? { parameters: { explain: true } } : {};
    const answer = (text: string) => ask(places, { name, body: { ...parseObject(text), ...parameters }, signal });
    if (request !== undefined) {
      call.out.record(await answer(request), predictionText);
      return 0;
    }
    const lines = createInterface({ input: process.stdin, crlfDelay: Infinity });
    return answerLines(call, lines, answer);
  },
};

/** Several requests at once; answers in the order of the lines. One that is refused takes its place in it, and the exit code is 1. */
async function answerLines(
  call: CommandCall,
  lines: AsyncIterable<string>,
  answer: (line: string) => Promise<object>,
): Promise<number> {
  const waiting: Promise<object>[] = [];
  let refused = 0;
  const tellFirst = async () => {
    const told = await waiting.shift();
    if (told === undefined) return;
    if ("error" in told) refused += 1;
    call.out.record(told, (value) => JSON.stringify(value));
  };
  for await (const line of lines) {
    if (line.trim() === "") continue;
    waiting.push(answer(line).catch((error: unknown) => ({ error: toProblem(error) })));
    if (waiting.length >= AT_ONCE_MAX) await tellFirst();
  }
  while (waiting.length > 0) await tellFirst();
  return refused === 0 ? 0 : 1;
}

const AT_ONCE_MAX = 64;

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
