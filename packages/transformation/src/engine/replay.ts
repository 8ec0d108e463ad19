import { CallRefusal } from "../jinja/signals.ts";

/** A template asks for something that takes time: rendering stops here, and starts anew once the answer is there. */
class Suspension<Answer> {
  readonly work: () => Promise<Answer>;

  constructor(work: () => Promise<Answer>) {
    this.work = work;
  }
}

const QUESTIONS_MAX = 10_000;

/**
 * Lets a template that is rendered in one go ask the database. What was asked is remembered in its order, so that the
 * same template, rendered anew, is given the same answers, and each question reaches the database once.
 */
export class Replay {
  readonly #answers: unknown[] = [];
  #next = 0;

  /** The answer to the next question of the template. */
  ask<Answer>(work: () => Promise<Answer>): Answer {
    const at = this.#next++;
    if (at < this.#answers.length) return this.#answers[at] as Answer;
    if (at >= QUESTIONS_MAX) throw new CallRefusal(`a template may ask the database ${QUESTIONS_MAX} times`);
    throw new Suspension(work);
  }

  /** Renders until no question is open. `begin` is called before each try. */
  async run<Result>(render: () => Result, begin: () => void): Promise<Result> {
    for (;;) {
      this.#next = 0;
      begin();
      try {
        return render();
      } catch (signal) {
        if (!(signal instanceof Suspension)) throw signal;
        this.#answers.push(await signal.work());
      }
    }
  }
}
