import type { Command } from "@millwright/platform";
import { featuresCommands } from "./features-commands.ts";
import { houseCommands } from "./house-commands.ts";
import { lookCommands } from "./look-commands.ts";
import { predict } from "./predict-command.ts";
import { roadCommands } from "./road-commands.ts";
import { scheduleCommands } from "./schedule-commands.ts";

/** All commands, in the order in which help tells them. */
export const commands: readonly Command[] = [
  ...roadCommands,
  ...lookCommands,
  ...scheduleCommands,
  ...featuresCommands,
  predict,
  ...houseCommands,
];
