export {
  defineSource,
  type BadRows,
  type CsvOptions,
  type SourceDefinition,
  type SourceFormat,
  type SourceOptions,
} from "./source.ts";
export { sourceFolders, sourceInputs, type SourceFile, type SourceInputs } from "./source-files.ts";
export { formatOf, readerOf } from "./source-reader.ts";
export { headerFields } from "./header.ts";
export { inUtf8 } from "./transcode.ts";
export { firstBytes } from "./unpacked.ts";
export { loadSource, type LoadPorts, type LoadResult } from "./load-source.ts";
export { quarantineTable } from "./quarantine.ts";
export { ingestionErrors } from "./errors.ts";
