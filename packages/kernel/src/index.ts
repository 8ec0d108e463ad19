export {
  MillError,
  defineErrors,
  fromProblem,
  isMillError,
  kernelErrors,
  toProblem,
  type ErrorCatalogue,
  type ErrorFamily,
  type ErrorInputs,
  type ErrorPlace,
  type ErrorSpec,
  type Problem,
} from "./errors.ts";
export { systemIds, type IdSource } from "./ids.ts";
export { systemClock, type Clock } from "./clock.ts";
export { canonicalJson, contentHash } from "./hash.ts";
export type { Column } from "./columns.ts";
export type { Facets, LineageDataset, LineageEvent, LineageSink } from "./lineage-event.ts";
export { silentProgress, type ProgressSink, type ProgressUpdate } from "./progress.ts";
export { onWritePoint, writePoint } from "./write-point.ts";
export { silentLogger, type LogFields, type Logger } from "./logger.ts";
export { mapModule } from "./map-module.ts";
export { nearest } from "./nearest.ts";
export { parse } from "./parse.ts";
export { faultsOf, loadChecker, matches, type SchemaFault } from "./schema-check.ts";
export { Type } from "./schema-builder.ts";
export { env, SECRET_REFERENCE, type SecretReference } from "./secret.ts";
export {
  table,
  type ColumnOf,
  type FeatureViews,
  type Models,
  type NameOf,
  type Services,
  type TableReference,
  type Tables,
} from "./registry.ts";
