import {
  ControlError,
  createControlApi,
  httpTransport,
  type ControlApi,
  type ControlTransport,
} from "@millwright/client";
import { fromProblem, type MillError, type Problem } from "@millwright/kernel";
import { answerRoute, toJson, type CommandCall, type Route } from "@millwright/platform";
import { findRunning, openLocalControl, statePaths, type RunFile } from "@millwright/server";
import { projectDirOf } from "./hold-project.ts";

/** How a command that reads is told to look at a branch. */
export const onBranch = { branch: { value: "NAME", summary: "as it is on a branch, rather than on main" } } as const;

/**
 * The control API for one command: of the running `mill up` when there is one, else opened for the command alone. With
 * `--branch` it is that branch's, which no `mill up` has open.
 */
export async function withApi<Result>(call: CommandCall, work: (api: ControlApi) => Promise<Result>): Promise<Result> {
  const projectDir = await projectDirOf(call);
  const { branch } = call.options;
  const onMain = typeof branch !== "string" || branch === "main";
  const running = onMain ? await findRunning(statePaths(projectDir)) : undefined;
  if (running !== undefined) return work(remoteApi(running));
  const local = await openLocalControl(projectDir, onMain ? {} : { branch });
  try {
    return await work(createControlApi(localTransport(local.routes)));
  } finally {
    await local.close();
  }
}

/** The API of a running `mill up`. Its problems are errors like one's own. */
export function remoteApi({ controlPort }: Pick<RunFile, "controlPort">): ControlApi {
  const transport = httpTransport(`http://127.0.0.1:${controlPort}`);
  return createControlApi(async (request) => {
    try {
      return await transport(request);
    } catch (error) {
      throw error instanceof ControlError ? await ownError(error.problem as Problem) : error;
    }
  });
}

/** The error as it is without another process. How a command exits is not told over HTTP: the catalogue says it. */
async function ownError(problem: Problem): Promise<MillError> {
  const { errorFamilies } = await import("./error-families.ts");
  const exit = errorFamilies.map(({ catalogue }) => catalogue[problem.code]?.exit).find((code) => code !== undefined);
  return fromProblem({ ...problem, ...(exit === undefined ? {} : { exit }) });
}

/** Answers in this process, through JSON, so that every answer is as it would be over HTTP. */
function localTransport(routes: readonly Route[]): ControlTransport {
  return async ({ operation, params, query, body }) => {
    const route = routes.find(({ id }) => id === operation);
    if (route === undefined) throw new Error(`there is no operation ${operation}`);
    const answer = await answerRoute(route, { params, query, body, signal: new AbortController().signal });
    return JSON.parse(toJson(answer, 0)) as unknown;
  };
}
