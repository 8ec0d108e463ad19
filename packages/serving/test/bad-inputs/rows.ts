import { grpcRows } from "./grpc-rows.ts";
import { httpRows } from "./http-rows.ts";
import { restRows, type BadInput } from "./rest-rows.ts";
import { mlflowRows, v1Rows } from "./rows-rows.ts";

/** All bad inputs, by what they are sent over. */
export const badInputs: Readonly<Record<string, readonly BadInput[]>> = {
  "Open Inference Protocol over REST": restRows,
  HTTP: httpRows,
  "KServe v1": v1Rows,
  "MLflow scoring": mlflowRows,
  "Open Inference Protocol over gRPC": grpcRows,
};
