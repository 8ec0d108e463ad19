import type { JinjaValue } from "./values.ts";

/** What a macro answered with `return(...)`, on its way up. */
export class ReturnSignal {
  readonly value: JinjaValue;

  constructor(value: JinjaValue) {
    this.value = value;
  }
}

/** Thrown by a built-in function that refuses its arguments; becomes a template error at the call's line. */
export class CallRefusal extends Error {}
