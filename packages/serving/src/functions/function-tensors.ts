import type { AnswerTensor } from "../answer.ts";
import type { DeployedFunction } from "../deployment.ts";
import { datatypeOf } from "../field-datatype.ts";

/** What a function answers so many rows with, in the protocol's words, and the predictions' names. -1 is any number of rows. */
export function functionTensors({ response }: DeployedFunction, rows: number): readonly AnswerTensor[] {
  const fields = response.map(({ name, type }) => ({ name, datatype: datatypeOf(type), shape: [rows] }));
  return [...fields, { name: "prediction_id", datatype: "BYTES", shape: [rows] }];
}
