import { enableCompileCache } from "node:module";

enableCompileCache();
const { runCommands } = await import("@millwright/platform");
const { armWritePoints } = await import("@millwright/server/write-points");
const { installation } = await import("@millwright/server");
const { commands } = await import("./commands.ts");

armWritePoints(process.env);
process.exitCode = await runCommands({
  commands,
  argv: process.argv.slice(2),
  version: installation().version,
  streams: { stdout: process.stdout, stderr: process.stderr },
});
