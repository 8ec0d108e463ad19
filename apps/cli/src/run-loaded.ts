import { runCommands, type Streams } from "@millwright/platform";
import { VERSION } from "@millwright/server/version";
import { armWritePoints } from "@millwright/server/write-points";
import { commandModules } from "./command-modules.ts";
import { commandIndex } from "./generated/command-index.ts";

/** Runs a command; only the file that it is in is loaded. */
export function runLoaded(argv: readonly string[], streams: Streams): Promise<number> {
  armWritePoints(process.env);
  return runCommands({
    commands: commandIndex.map((info) => ({
      ...info,
      load: async () => {
        const found = (await commandModules[info.module]()).find(({ name }) => name === info.name);
        if (found === undefined) throw new Error(`the index of commands is stale: there is no ${info.name}`);
        return found;
      },
    })),
    argv,
    version: VERSION,
    streams,
  });
}
