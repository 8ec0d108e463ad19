import { kernelErrors } from "@millwright/kernel";
import type { Command } from "@millwright/platform";
import { findRunning, statePaths } from "@millwright/server";
import { servingErrors } from "@millwright/serving";
import { ask } from "@millwright/serving/http";
import { answerOf } from "./answer-schema.ts";
import { projectDirOf } from "./session.ts";

/** `mill predict`: straight to the serving process, which answers also while control is busy. */
export const predict: Command = {
  name: "predict",
  summary: "ask a running service",
  arguments: ["SERVICE", "REQUEST"],
  options: {},
  example: `mill predict late-flights '{"origin": "ORD", "destination": "SFO", "departed_at": "2001-06-30T18:00:00Z", "distance": 1846}'`,
  output: answerOf("predict"),
  handler: async (call) => {
    const [name = "", request = ""] = call.arguments;
    const paths = statePaths(await projectDirOf(call));
    const running = await findRunning(paths);
    if (running === undefined)
      throw servingErrors.create("serving/not-running", { because: "no `mill up` of this project answers" });
    const answer = await ask(
      { deploymentFile: paths.deployment, servingUrl: () => `http://127.0.0.1:${running.restPort}` },
      { name, body: parseObject(request), signal: new AbortController().signal },
    );
    call.out.result(answer, (told) => JSON.stringify(told, null, 2));
    return 0;
  },
};

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
