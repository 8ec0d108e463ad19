import { defineErrors } from "@millwright/kernel";

export const inferenceErrors = defineErrors("inference", {
  "inference/bad-request": {
    status: 400,
    exit: 2,
    title: "The inference request does not fit the model",
    remedy: "`GET /v2/models/NAME` tells the model's inputs: send each once, of its datatype and shape.",
  },
  "inference/unknown-model": {
    status: 404,
    exit: 2,
    title: "There is no such model, or none of this version",
    remedy:
      "`POST /v2/repository/index` lists what there is. A model lies at `DIR/NAME/VERSION/model.onnx`, or another format's file.",
    example: "nothing is served as add_sub",
  },
  "inference/not-ready": {
    status: 409,
    exit: 1,
    title: "The model is not loaded",
    remedy: "Load it: `POST /v2/repository/models/NAME/load`. The index says why the last load failed.",
  },
  "inference/unready": {
    status: 503,
    exit: 1,
    title: "The model is not ready",
    remedy: "Ask again where it is being loaded, or load it: `POST /v2/repository/models/NAME/load`.",
    example: "idle",
  },
  "inference/cannot-load": {
    status: 422,
    exit: 1,
    title: "The model cannot be loaded",
    remedy: "Mend its file or its `config.pbtxt` and load it again; what was served before goes on.",
  },
  "inference/thread-ended": {
    status: 503,
    exit: 1,
    title: "The thread in which the model ran has ended",
    remedy: "Ask again: a new thread opens the model. `mill serve` says on its terminal why the thread ended.",
  },
  "inference/model-uri": {
    status: 422,
    exit: 1,
    title: "The model's URI leads to no model",
    remedy:
      "A model is at mill://models/NAME@alias, models:/NAME/1, file:///path or https://host/model.onnx#sha256=…; `mill models list` names those of a project.",
  },
  "inference/refused": {
    status: 422,
    exit: 1,
    title: "The model refused its inputs",
    remedy:
      "The runtime says why: the inputs have the declared datatypes and shapes, but the graph cannot work with them.",
  },
  "inference/model-raised": {
    status: 500,
    exit: 1,
    title: "The model raised an exception",
    remedy: "It is the model's own: the log has the traceback's last lines. Other requests are answered.",
    example: "KeyError: 'age'",
  },
  "inference/bad-answer": {
    status: 500,
    exit: 1,
    title: "The model's answer is not what it declares",
    remedy: "Mend `predict`, or what `outputs` or `config.pbtxt` say of its outputs.",
    example: "y has 3 rows, of 4 that were asked",
  },
  "inference/worker-lost": {
    status: 502,
    exit: 1,
    title: "The model's worker ended while it worked on the request",
    remedy:
      "Ask again, if it may be executed twice: another worker is started. Where it happens again, the log says how workers end.",
    example: "it was ended by SIGKILL",
  },
  "inference/worker-late": {
    status: 504,
    exit: 1,
    title: "The model did not answer within its time",
    remedy:
      "Allow more: the parameter `request-timeout` in its `config.pbtxt`, as in 120s. Its worker was ended and started again.",
  },
  "inference/no-worker": {
    status: 502,
    exit: 1,
    title: "No worker of the model runs",
    remedy: "Its last start failed and is tried again, later each time: mend what it says, or load the model again.",
  },
  "inference/no-python": {
    status: 422,
    exit: 1,
    title: "There is no Python environment for the model",
    remedy: "Name an interpreter that has what the model needs: `mill serve DIR --python .venv/bin/python`.",
  },
  "inference/no-explanation": {
    status: 422,
    exit: 1,
    title: "The model does not say why",
    remedy:
      "Models of trees do by themselves; of others numbers are explained by asking them, against rows of `background`.",
  },
  "inference/unknown-content": {
    status: 415,
    exit: 2,
    title: "The body is of a content type that is not read",
    remedy: "Send `content-type: application/json` or `text/csv`, in UTF-8.",
  },
  "inference/too-large": {
    status: 413,
    exit: 2,
    title: "The request is too large",
    remedy: "Send fewer rows at once, or allow more: `mill serve DIR --body-megabytes N`.",
  },
  "inference/large-answer": {
    status: 413,
    exit: 2,
    title: "The answer is too large",
    remedy:
      "Ask for fewer rows or outputs at once, for outputs as binary data or in shared memory, or allow more: an answer may have four times `mill serve DIR --body-megabytes N`.",
    example: "its outputs take up to 500000000 bytes as JSON, and 268435456 are answered at once",
  },
  "inference/unreadable": {
    status: 400,
    exit: 2,
    title: "What was sent is no request of HTTP",
    remedy: "Send HTTP/1.1 with a Host, and one length of the body or chunks. The connection is closed.",
  },
  "inference/slow": {
    status: 408,
    exit: 2,
    title: "The request did not come",
    remedy: "Send its headers within 10 s and all of it within 30 s. The connection is closed.",
  },
  "inference/large-headers": {
    status: 431,
    exit: 2,
    title: "The request's headers are too large",
    remedy: "Send less than 16 kB of them. The connection is closed.",
  },
  "inference/expectation": {
    status: 417,
    exit: 2,
    title: "The request expects what is not offered",
    remedy: "Leave out its header `Expect`, or send `Expect: 100-continue`.",
  },
  "inference/no-such-address": {
    status: 404,
    exit: 2,
    title: "Nothing answers at this address",
    remedy: "`GET /v2` tells the server and its extensions; /v2/openapi.json describes every address.",
  },
  "inference/wrong-method": {
    status: 405,
    exit: 2,
    title: "The address does not answer this method",
    remedy: "The header `allow` says which it answers.",
  },
  "inference/foreign-caller": {
    status: 403,
    exit: 4,
    title: "The request's Host or Origin is not of this machine",
    remedy: "Call it as 127.0.0.1 or localhost. A page of another site may not call it.",
  },
  "inference/overloaded": {
    status: 503,
    exit: 1,
    title: "Too many requests wait for the model",
    remedy: "Ask again after the time that `Retry-After` tells, or allow more: `max_queue_size` in its `config.pbtxt`.",
  },
  "inference/deadline": {
    status: 504,
    exit: 1,
    title: "The request was not executed within its time",
    remedy: "Allow more time (`grpc-timeout`, the parameter `timeout`), or send fewer requests at once.",
  },
  "inference/cancelled": {
    status: 499,
    exit: 1,
    title: "The caller did not wait for the answer",
    remedy: "Keep the connection open until the answer is there.",
  },
  "inference/circle": {
    status: 422,
    exit: 2,
    title: "The models ask each other in a circle",
    remedy: "A model that asks others is not to be asked by one of them: name another model in its steps.",
    example: "house asks price, which asks house",
  },
  "inference/no-route": {
    status: 404,
    exit: 1,
    title: "The graph has no step for the request",
    remedy:
      "`GET /v2/models/NAME/graph` shows its conditions; a last step with the condition `@this` takes what no other took.",
  },
  "inference/step-failed": {
    status: 502,
    exit: 1,
    title: "A step of the graph failed",
    remedy: "The detail says which, and what its server answered.",
  },
  "inference/bad-graph": {
    status: 422,
    exit: 2,
    title: "The graph of models cannot be served as it is written",
    remedy: "The detail names the field: mend it; docs/learn/inference-graphs.md has an example of each kind of node.",
    example: "house: nodes.root.steps.0: it has none of nodeName, serviceName, serviceUrl",
  },
  "inference/not-by-callers": {
    status: 409,
    exit: 2,
    title: "What is served is not for callers to change",
    remedy: "The project says what is served: `mill models promote` puts another version in its place.",
  },
  "inference/shard-away": {
    status: 503,
    exit: 1,
    title: "One of the serving processes is not there",
    remedy: "Ask again in a moment: it is being started again, and the other processes' models answer meanwhile.",
  },
  "inference/shared-memory": {
    status: 400,
    exit: 2,
    title: "The shared memory cannot be used as asked",
    remedy: "Register a region of a segment of /dev/shm first; offset and size lie within it.",
  },
  "inference/setting": {
    status: 400,
    exit: 2,
    title: "The setting cannot have this value",
    remedy: "Ask for the settings with GET: they show every name and the form of its value.",
  },
});

/** Whether an answer of this status tells of the server's own fault. That too many ask, or too late, would fill its log. */
export function isFault(status: number): boolean {
  return status >= 500 && status !== 503 && status !== 504;
}
