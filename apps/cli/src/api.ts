import {
  ControlError,
  createControlApi,
  httpTransport,
  type ControlApi,
  type ControlTransport,
} from "@millwright/client";
import { fromProblem, type MillError, type Problem } from "@millwright/kernel";
import { answerRoute, bytesOf, isByteStream, toJson, type CommandCall, type Route } from "@millwright/platform";
import { findRunning, openLocalControl, statePaths, type RunFile } from "@millwright/server";
import { projectDirOf } from "./hold-project.ts";

/** How a command that reads is told to look at a branch. */
export const onBranch = { branch: { value: "NAME", summary: "as it is on a branch, rather than on main" } } as const;

/**
 * The control API for one command: of the running `mill up` when there is one, else opened for the command alone. With
 * `--branch` it is that branch's, which no `mill up` has open.
 */
export function withApi<Result>(call: CommandCall, work: (api: ControlApi) => Promise<Result>): Promise<Result> {
  return withTransport(call, {}, (transport) => work(createControlApi(transport)));
}

/** The same below its methods, for what a signal may end and what is answered in bytes. */
export async function withTransport<Result>(
  call: CommandCall,
  { signal }: { readonly signal?: AbortSignal },
  work: (transport: ControlTransport) => Promise<Result>,
): Promise<Result> {
  const projectDir = await projectDirOf(call);
  const { branch } = call.options;
  const onMain = typeof branch !== "string" || branch === "main";
  const running = onMain ? await findRunning(statePaths(projectDir)) : undefined;
  if (running !== undefined) return work(remoteTransport(running, signal));
  const local = await openLocalControl(projectDir, onMain ? {} : { branch });
  try {
    return await work(localTransport(local.routes, signal));
  } finally {
    await local.close();
  }
}

/** The API of a running `mill up`. Its problems are errors like one's own. */
export function remoteApi(running: Pick<RunFile, "controlPort">): ControlApi {
  return createControlApi(remoteTransport(running));
}

function remoteTransport({ controlPort }: Pick<RunFile, "controlPort">, signal?: AbortSignal): ControlTransport {
  const transport = httpTransport(`http://127.0.0.1:${controlPort}`, signal === undefined ? {} : { signal });
  return async (request) => {
    try {
      return await transport(request);
    } catch (error) {
      throw error instanceof ControlError ? await ownError(error.problem as Problem) : error;
    }
  };
}

/** The error as it is without another process. How a command exits is not told over HTTP: the catalogue says it. */
async function ownError(problem: Problem): Promise<MillError> {
  const { errorFamilies } = await import("./error-families.ts");
  const exit = errorFamilies.map(({ catalogue }) => catalogue[problem.code]?.exit).find((code) => code !== undefined);
  return fromProblem({ ...problem, ...(exit === undefined ? {} : { exit }) });
}

/** Answers in this process, through JSON, so that every answer is as it would be over HTTP. */
function localTransport(
  routes: readonly Route[],
  signal: AbortSignal = new AbortController().signal,
): ControlTransport {
  return async ({ operation, params, query, body, asBytes }) => {
    const route = routes.find(({ id }) => id === operation);
    if (route === undefined) throw new Error(`there is no operation ${operation}`);
    const answer = await answerRoute(route, { params, query, body, signal });
    if (!isByteStream(answer)) return JSON.parse(toJson(answer, 0)) as unknown;
    if (asBytes === true) return answer.parts;
    return JSON.parse(Buffer.from(await bytesOf(answer)).toString()) as unknown;
  };
}
