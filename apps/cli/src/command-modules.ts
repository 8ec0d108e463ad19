import type { Command } from "@millwright/platform";

/** The commands by the file that they are in, in the order in which help tells them. `npm run generate` makes their index. */
export const commandModules = {
  road: async () => (await import("./road-commands.ts")).roadCommands,
  up: async () => [(await import("./up-command.ts")).up],
  test: async () => [(await import("./test-command.ts")).test],
  types: async () => [(await import("./types-command.ts")).types],
  look: async () => (await import("./look-commands.ts")).lookCommands,
  lineage: async () => [(await import("./lineage-command.ts")).lineage],
  dbt: async () => [(await import("./dbt-command.ts")).dbt],
  schedule: async () => (await import("./schedule-commands.ts")).scheduleCommands,
  checks: async () => (await import("./checks-commands.ts")).checksCommands,
  features: async () => (await import("./features-commands.ts")).featuresCommands,
  table: async () => (await import("./table-commands.ts")).tableCommands,
  branch: async () => (await import("./branch-commands.ts")).branchCommands,
  care: async () => (await import("./care-commands.ts")).careCommands,
  mirrors: async () => (await import("./mirror-commands.ts")).mirrorCommands,
  upkeep: async () => (await import("./upkeep-commands.ts")).upkeepCommands,
  models: async () => (await import("./models-commands.ts")).modelsCommands,
  monitors: async () => (await import("./monitors-commands.ts")).monitorsCommands,
  runs: async () => (await import("./runs-commands.ts")).runsCommands,
  services: async () => (await import("./services-commands.ts")).servicesCommands,
  logs: async () => [(await import("./logs-command.ts")).logs],
  serve: async () => [(await import("./serve-command.ts")).serve],
  predict: async () => [(await import("./predict-command.ts")).predict],
  init: async () => [(await import("./init-command.ts")).init],
  house: async () => (await import("./house-commands.ts")).houseCommands,
  completion: async () => [(await import("./completion-command.ts")).completion],
  schema: async () => [(await import("./schema-command.ts")).schema],
} satisfies Readonly<Record<string, () => Promise<readonly Command[]>>>;

/** Every command, whole. */
export async function allCommands(): Promise<
  readonly { readonly module: keyof typeof commandModules; readonly command: Command }[]
> {
  const names = Object.keys(commandModules) as (keyof typeof commandModules)[];
  const loaded = await Promise.all(
    names.map(async (module) => (await commandModules[module]()).map((command) => ({ module, command }))),
  );
  return loaded.flat();
}
