import { Type, parse } from "@millwright/kernel";
import { wrongTraffic } from "../errors.ts";
import { weightsProblem } from "./split.ts";

/** What tells callers apart, so that one of them gets the same variant each time. */
export type StickyBy =
  /** A field of the request. */
  | { readonly field: string }
  /** Of the request's `parameters`. */
  | { readonly parameter: string }
  /** Of HTTP, or of gRPC's metadata. */
  | { readonly header: string };

/** How the requests of a service are shared among versions of its model. */
export interface TrafficOptions {
  /**
   * Percent by variant. A variant is named as its version is: by an alias of the service's model, or by a number. The
   * service's own alias takes what is left of 100 where it is not named.
   */
  readonly weights: Readonly<Record<string, number>>;
  /** Without it each request is assigned by its own id. */
  readonly stickyBy?: StickyBy;
  /** Named in the prediction log beside the variant. Another name assigns the same keys anew. */
  readonly experiment?: string;
}

/** An alias of a model, or a version's number. */
const VARIANT_PATTERN = "^(?:[a-z][a-z0-9_-]{0,63}|[1-9][0-9]{0,8})$";
const NAME = Type.String({ minLength: 1, maxLength: 200 });
const TRAFFIC = Type.Object(
  {
    weights: Type.Record(Type.String(), Type.Number()),
    stickyBy: Type.Optional(
      Type.Union([
        Type.Object({ field: NAME }, { additionalProperties: false }),
        Type.Object({ parameter: NAME }, { additionalProperties: false }),
        Type.Object({ header: NAME }, { additionalProperties: false }),
      ]),
    ),
    experiment: Type.Optional(NAME),
  },
  { additionalProperties: false },
);

/** Throws `kernel/invalid` and `serving/wrong-traffic`. */
export function checkTraffic(service: string, primary: string, traffic: TrafficOptions): TrafficOptions {
  parse(TRAFFIC, traffic, { what: `the traffic of ${service}` });
  return { ...traffic, weights: wholeWeights(traffic.weights, primary) };
}

/** The weights with the primary's, which takes what is left where it is not named. Throws `serving/wrong-traffic`. */
export function wholeWeights(
  weights: Readonly<Record<string, number>>,
  primary: string,
): Readonly<Record<string, number>> {
  const odd = Object.keys(weights).find((name) => !new RegExp(VARIANT_PATTERN).test(name));
  if (odd !== undefined)
    throw wrongTraffic(`${JSON.stringify(odd.slice(0, 100))} is neither an alias of a model nor a version's number`);
  const others = Object.values(weights).reduce((sum, weight) => sum + weight, 0);
  const whole = primary in weights ? weights : { [primary]: Number((100 - others).toFixed(6)), ...weights };
  const problem = weightsProblem(whole);
  if (problem !== undefined) throw wrongTraffic(problem);
  return whole;
}
