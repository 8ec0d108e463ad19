import { loadProject } from "@millwright/project";
import type { Route } from "@millwright/platform";
import { compose } from "../compose.ts";
import { installation } from "../installation.ts";
import { statePaths } from "../paths.ts";
import { controlRoutes, type ControlParts } from "./http.ts";
import { createLayouts } from "./layout.ts";
import { createRoadBoard } from "./road-board.ts";

/** The control API without a control process: what a command answers with when nothing is up. */
export interface LocalControl {
  readonly routes: readonly Route[];
  close(): Promise<void>;
}

/** Opens a project for reading, or one branch of it. Throws `lakehouse/unknown-branch`. */
export async function openLocalControl(
  projectDir: string,
  { branch }: { readonly branch?: string | undefined } = {},
): Promise<LocalControl> {
  const project = await loadProject({ projectDir, millwrightUrl: installation().millwrightUrl });
  const paths = statePaths(projectDir);
  const platform = await compose(project, paths, branch === undefined ? {} : { branch });
  const parts: ControlParts = {
    platform,
    project: () => project,
    board: createRoadBoard(),
    runner: undefined,
    layOut: createLayouts(),
    logs: paths.logs,
    services: { deploymentFile: paths.deployment, servingUrl: () => undefined },
    status: async () => {
      const [last] = await platform.runs.list({ limit: 1 });
      return {
        project: project.settings.name,
        up: null,
        nextRunAtMs: null,
        lastRun: last === undefined ? null : ((await platform.runs.run(last.runId)) ?? null),
      };
    },
  };
  return { routes: controlRoutes(() => parts), close: () => platform.close() };
}
