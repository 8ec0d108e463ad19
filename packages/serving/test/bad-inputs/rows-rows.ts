import type { HttpAsked } from "./ask.ts";
import { http, type BadInput } from "./rest-rows.ts";

const BAD = [400, "bad-request"] as const;
const row = { TAG: [1, 2], TEXT: ["a", "b"], REAL: [0, 1] };

const predict = (name: string, body: HttpAsked["body"]) => http(name, BAD, { path: "/v1/models/echo:predict", body });

/** KServe's first protocol. */
export const v1Rows: readonly BadInput[] = [
  http("a model that there is not", [404, "unknown-model"], { path: "/v1/models/nobody:predict", body: {} }),
  http("a model that is unloaded", [409, "not-ready"], {
    path: "/v1/models/idle:predict",
    body: { instances: [row] },
  }),
  http("a verb that is none", [404, "no-such-address"], { path: "/v1/models/echo:guess", body: {} }),
  http("GET of a prediction", [405, "wrong-method"], { path: "/v1/models/echo:predict", method: "GET" }),
  predict("JSON that is cut off", '{"instances":[{'),
  predict("JSON that is no object", "[1]"),
  predict("neither instances nor inputs", {}),
  predict("instances that are no list", { instances: row }),
  predict("no instances", { instances: [] }),
  predict("a row without an input", { instances: [{ TAG: [1, 2], TEXT: ["a", "b"] }] }),
  predict("rows of different shapes", { instances: [row, { ...row, TAG: [1] }] }),
  predict("rows of another shape", { instances: [{ ...row, TAG: [1, 2, 3] }] }),
  predict("a value of another type", { instances: [{ ...row, TAG: ["x", 2] }] }),
  predict("a row that is null", { instances: [null] }),
  http("an explanation against no background", [400, "bad-request"], {
    path: "/v1/models/echo:explain",
    body: { instances: [row] },
  }),
];

const invoke = (name: string, body: HttpAsked["body"], type = "application/json") =>
  http(name, BAD, { path: "/invocations?model=echo", body, headers: { "content-type": type } });
const untaken = (name: string, type: string) => ({
  ...http(name, [415, "unknown-content"], {
    path: "/invocations?model=echo",
    body: "TAG\n1\n",
    headers: { "content-type": type },
  }),
});

/** MLflow's scoring server. */
export const mlflowRows: readonly BadInput[] = [
  http("no model told, where there are several", BAD, { path: "/invocations", body: { inputs: [] } }),
  http("a model that there is not", [404, "unknown-model"], { path: "/invocations?model=nobody", body: {} }),
  http("GET of a prediction", [405, "wrong-method"], { path: "/invocations", method: "GET" }),
  untaken("a content type that is not read", "application/x-parquet"),
  untaken("CSV in another charset", "text/csv; charset=latin1"),
  invoke("JSON that is cut off", '{"inputs":'),
  invoke("JSON that is no object", "[1]"),
  invoke("none of the four forms", { rows: [] }),
  invoke("two of the four forms", { inputs: row, instances: [row] }),
  invoke("dataframe_split without its data", { dataframe_split: { columns: ["TAG"] } }),
  invoke("dataframe_split with an uneven row", {
    dataframe_split: { columns: ["TAG", "TEXT", "REAL"], data: [[1, "a", 0], [1]] },
  }),
  invoke("dataframe_split without a column of the model", { dataframe_split: { columns: ["TAG"], data: [[1]] } }),
  invoke("dataframe_records of no objects", { dataframe_records: [[1, 2, 3]] }),
  invoke("columns of different lengths", { inputs: { TAG: [[1, 2]], TEXT: [], REAL: [[0, 1]] } }),
  invoke("CSV that is no UTF-8", Buffer.from([0x54, 0x41, 0x47, 0x0a, 0xff, 0x0a]), "text/csv"),
  invoke("CSV without a column of the model", "MORE\n1\n", "text/csv"),
  invoke("CSV with an open quote", 'TAG,TEXT,REAL\n1,"a,2\n', "text/csv"),
];
