export type { Datatype } from "./datatype.ts";
export type { ModelConfig, TensorConfig } from "./model-config.ts";
export { openByFormat } from "./model-format.ts";
export type { InferenceModel, OpenModel } from "./ports.ts";
export type { Tensor, TensorSpec } from "./tensor.ts";
export { openFolderModels, type FolderModelsOptions } from "./folder-models.ts";
export { createInferenceServer, type InferenceServer, type InferenceServerOptions } from "./inference-server.ts";
export { startGrpc, type GrpcOptions, type GrpcServer } from "./grpc/grpc-server.ts";
export { startRest, type RestOptions } from "./rest/rest-server.ts";
