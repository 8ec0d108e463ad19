import { defineErrors } from "@millwright/kernel";

export const servingErrors = defineErrors("serving", {
  "serving/not-running": {
    status: 503,
    exit: 2,
    title: "Nothing serves here",
    remedy: "Start it in another terminal: `mill up`.",
    example: "mill predict late-flights '{…}' needs a running `mill up`",
  },
  "serving/unknown-service": {
    status: 404,
    exit: 2,
    title: "There is no such service, or none of this version",
    remedy: "The files of `services/` say which there are; `mill run` deploys what is new.",
  },
  "serving/bad-request": {
    status: 400,
    exit: 2,
    title: "The request cannot be read",
    remedy: "Send a JSON object of the service's fields, or Open Inference Protocol inputs.",
    example: '{"origin": "ORD", "destination": "SFO", "departed_at": "2001-06-15T12:00:00Z", "distance": 1846}',
  },
  "serving/uneven-inputs": {
    status: 422,
    exit: 2,
    title: "The inputs do not make rows",
    remedy: "Send equally many values for each input, and at least one.",
  },
  "serving/too-large": {
    status: 413,
    exit: 2,
    title: "The request is too large",
    remedy: "Send fewer rows at once.",
  },
  "serving/no-such-address": {
    status: 404,
    exit: 2,
    title: "Nothing answers at this address",
    remedy:
      "POST a request to `/v2/models/NAME/infer`, or GET `/v2/models/NAME`; `/v2/openapi.json` describes every address.",
    example: "curl -s http://127.0.0.1:8080/v2/models/late-flights",
  },
  "serving/wrong-method": {
    status: 405,
    exit: 2,
    title: "The address does not answer this method",
    remedy: "The header `allow` says which it answers.",
  },
  "serving/wrong-traffic": {
    status: 422,
    exit: 2,
    title: "The traffic of the service cannot be split so",
    remedy:
      "Give percentages that make 100 to versions that there are and that answer alike: `mill services traffic NAME --set champion=90,challenger=10`. `mill models show MODEL` lists the versions and their aliases.",
    example: "the weights make 110, and not 100",
  },
  "serving/no-traffic": {
    status: 409,
    exit: 2,
    title: "Nothing shares the traffic of the service",
    remedy:
      "Give another version a part of it first: `mill services traffic NAME --set challenger=10`, where `challenger` is an alias of the model or a version's number.",
    example: "mill services promote late-flights",
  },
  "serving/wrong-function": {
    status: 422,
    exit: 2,
    title: "A service's function is not declared as it can be served",
    remedy: "Correct the named part of `defineService({ name, request, response, predict })`.",
    example: "fare answers with the field id, which every answer has",
  },
  "serving/function-failed": {
    status: 500,
    exit: 1,
    title: "The service's function ended with an error",
    remedy:
      "Mend the function; `mill logs` has what it said. Other services, and other requests of it, are not touched.",
    example: "fare: Cannot read properties of undefined (reading 'price')",
  },
  "serving/function-timeout": {
    status: 504,
    exit: 1,
    title: "The service's function did not answer in time",
    remedy: "Have it do less, or allow it more: `limits: { timeoutMs: 5_000 }`.",
    example: "fare did not answer within 1000 ms",
  },
  "serving/wrong-answer": {
    status: 500,
    exit: 1,
    title: "The service's function answered otherwise than it declares",
    remedy: "Have it answer each field of `response` in its type, or declare the field `nullable`.",
    example: "fare: price is not a number",
  },
  "serving/refused": {
    status: 422,
    exit: 2,
    title: "The service refuses the request",
    remedy: "Its reason says what it takes; its documentation is its author's.",
    example: "the distance is negative",
  },
  "serving/overloaded": {
    status: 503,
    exit: 1,
    title: "Too many requests wait for the service",
    remedy: "Ask again later, as `retry-after` says, or allow more: `limits: { concurrency: 32, queue: 5_000 }`.",
    example: "1000 requests wait for fare",
  },
  "serving/foreign-caller": {
    status: 403,
    exit: 4,
    title: "The request's Host or Origin is not of this machine",
    remedy: "Call it as 127.0.0.1 or localhost. A page of another site may not call it.",
  },
});

export function badRequest(because: string): Error {
  return servingErrors.create("serving/bad-request", { because });
}

export function tooLarge(because: string): Error {
  return servingErrors.create("serving/too-large", { because });
}

export function wrongTraffic(because: string, remedy?: string): Error {
  return servingErrors.create("serving/wrong-traffic", { because, ...(remedy === undefined ? {} : { remedy }) });
}
