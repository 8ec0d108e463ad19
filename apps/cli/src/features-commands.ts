import type { Command } from "@millwright/platform";
import { featuresHistory } from "./features-history.ts";

/** What the features are, and what was known when. */
export const featuresCommands: readonly Command[] = [featuresHistory];
