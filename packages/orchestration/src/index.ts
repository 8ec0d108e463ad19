export { runRoad, type RoadOptions, type RoadPorts } from "./road.ts";
export { createRunStore, orchestrationMigrations, type RunStore, type TaskDone } from "./run-store.ts";
export { inOrder, select, upstreamOf } from "./domain/graph.ts";
export { timetable, type DataInterval, type Schedule, type Timetable } from "./domain/timetable.ts";
export { orchestrationErrors } from "./errors.ts";
export type { RunReport, Task, TaskContext, TaskFacts, TaskOutcome, TaskReport, TaskState } from "./task.ts";
