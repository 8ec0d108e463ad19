export { compose, type Platform } from "./compose.ts";
export { installation, type Installation } from "./installation.ts";
export { statePaths, type StatePaths } from "./paths.ts";
export { watchPeakMemory } from "./peak-memory.ts";
export { surfaceOf, typesOf } from "./project-types.ts";
export { takeRoad, type TakeRoadOptions } from "./road.ts";
export { keepServing, type ServingProcess } from "./serving-process.ts";
export { armWritePoints } from "./write-points.ts";
