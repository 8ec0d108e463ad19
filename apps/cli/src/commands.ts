import type { Command } from "@millwright/platform";
import { houseCommands } from "./house-commands.ts";
import { lookCommands } from "./look-commands.ts";
import { predict } from "./predict-command.ts";
import { roadCommands } from "./road-commands.ts";

/** All commands, in the order in which help tells them. */
export const commands: readonly Command[] = [...roadCommands, ...lookCommands, predict, ...houseCommands];
