import type { JinjaValue } from "./values.ts";

/** What an outermost scope is asked for a name that nothing has set. */
interface Names {
  get(name: string): JinjaValue;
  has(name: string): boolean;
}

/** Names and what they mean, inner before outer. */
export class Scope {
  readonly #names = new Map<string, JinjaValue>();
  readonly #outer: Names | undefined;

  constructor(outer?: Names) {
    this.#outer = outer;
  }

  get(name: string): JinjaValue {
    if (this.#names.has(name)) return this.#names.get(name);
    return this.#outer?.get(name);
  }

  has(name: string): boolean {
    return this.#names.has(name) || (this.#outer?.has(name) ?? false);
  }

  set(name: string, value: JinjaValue): void {
    this.#names.set(name, value);
  }
}
