import { templateError, type Position } from "./template-error.ts";

const MAX_STEPS = 5_000_000;
const MAX_MACRO_DEPTH = 100;

/** One rendering's way: counts its steps, so that no template runs for ever, and knows the macros that called each other. */
export class Trace {
  #steps = 0;
  #at: Position | undefined;
  readonly #stack: string[] = [];

  step(position: Position): void {
    this.#steps += 1;
    this.#at = position;
    if (this.#steps > MAX_STEPS) throw this.error("the template takes too many steps", position);
  }

  /** Runs the body of a macro, which is named in what goes wrong there. */
  inMacro<Result>(
    { name, position }: { readonly name: string; readonly position: Position },
    body: () => Result,
  ): Result {
    if (this.#stack.length >= MAX_MACRO_DEPTH) throw this.error(`the macro ${name} calls itself without end`, position);
    const calledAt = this.#at;
    const called = calledAt === undefined ? "" : `, called at ${calledAt.file}:${calledAt.line}`;
    this.#stack.push(`macro ${name} at ${position.file}:${position.line}${called}`);
    try {
      return body();
    } finally {
      this.#stack.pop();
      this.#at = calledAt;
    }
  }

  error(because: string, position: Position): Error {
    return templateError(because, position, this.#stack.toReversed());
  }
}
