export {
  defineSource,
  type BadRows,
  type CsvOptions,
  type SourceDefinition,
  type SourceFormat,
  type SourceOptions,
} from "./source.ts";
export { sourceFolders, sourceInputs, type SourceFile, type SourceInputs } from "./source-files.ts";
export { loadSource, type LoadPorts, type LoadResult } from "./load-source.ts";
export { quarantineTable } from "./quarantine.ts";
export { ingestionErrors } from "./errors.ts";
