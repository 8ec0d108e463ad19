import { enableCompileCache } from "node:module";
import { dirname } from "node:path";

const { directory } = enableCompileCache();
// For the processes that this one starts: the engine, the reader of definitions, serving.
if (directory !== undefined) process.env["NODE_COMPILE_CACHE"] ??= dirname(directory);
const { start } = await import("./start.ts");
process.exitCode = await start(process.argv.slice(2));
