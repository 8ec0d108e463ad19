import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Logger } from "@millwright/kernel";
import { installation } from "./installation.ts";

const BUILD_MS_MAX = 300_000;

/**
 * Builds the console when it is stale, in a process of its own. An installed package brings it built. A failure is told
 * and leaves the API as it is: predictions and commands do not hang on pages.
 */
export async function buildConsole(logger: Logger, say: (text: string) => void): Promise<void> {
  const { consoleBuilder } = installation();
  if (consoleBuilder === undefined || !existsSync(join(consoleBuilder, "build.ts"))) return;
  try {
    await promisify(execFile)(process.execPath, [join(consoleBuilder, "build.ts")], { timeout: BUILD_MS_MAX });
  } catch (error) {
    logger.error({ err: error }, "the console could not be built");
    say("the console could not be built (see .mill/logs/mill.log); the API and the services are not touched by it");
  }
}
