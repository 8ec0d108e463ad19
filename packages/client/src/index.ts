export {
  createClient,
  PredictionError,
  type Client,
  type ClientOptions,
  type RequestOf,
  type ResponseOf,
  type ServiceTypes,
} from "./client.ts";
