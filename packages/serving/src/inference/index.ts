export { createAskModel, type AskModel, type ModelAnswer, type ModelQuestion } from "./ask-model.ts";
export type { Datatype } from "./datatype.ts";
export type { ModelConfig, TensorConfig } from "./model-config.ts";
export { openByFormat } from "./model-format.ts";
export { given, type GivenTensor } from "./inputs.ts";
export type { AskedBy, InferenceModel, OpenModel } from "./ports.ts";
export type { RequestHeaders } from "./request-headers.ts";
export type { Tensor, TensorSpec } from "./tensor.ts";
export { openFolderModels, type FolderModelsOptions } from "./folder-models.ts";
export { createInferenceServer, type InferenceServer, type InferenceServerOptions } from "./inference-server.ts";
export { drain } from "../drain.ts";
export { startGrpc, type GrpcOptions, type GrpcServer } from "./grpc/grpc-server.ts";
export { createRest, startRest, type RestOptions } from "./rest/rest-server.ts";
export { placesByUri, placesInFolder, placesTogether, placesWhere, type ModelPlaces } from "./model-places.ts";
export { openComposedModels, type ComposedModels, type ComposedModelsOptions } from "./composed-models.ts";
export { openPayloadLog } from "../payloads/open-payload-log.ts";
export {
  BODY_BYTES_LIMIT,
  PAYLOAD_MODES,
  type PayloadMode,
  type PayloadSettings,
} from "../payloads/payload-settings.ts";
export type { ModelRegistry, ModelStorage } from "../storage/resolve-model-uri.ts";
export type { ModelDirectory } from "./served-model.ts";
