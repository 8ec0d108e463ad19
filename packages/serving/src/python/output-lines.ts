import type { Readable } from "node:stream";
import type { Logger } from "@millwright/kernel";

const LINE_LENGTH_MAX = 500;
/** Lines of a model that are logged within a minute. */
const LINES_MAX = 100;
const MINUTE_MS = 60_000;

/** What a process prints, line by line, in the log: bounded, since a model may print at each request. */
export class OutputLines {
  readonly #logger: Logger;
  #last = "";
  #minute = 0;
  #lines = 0;

  constructor(streams: readonly Readable[], logger: Logger) {
    this.#logger = logger;
    for (const stream of streams) {
      let rest = "";
      stream.setEncoding("utf8");
      stream.on("data", (chunk: string) => {
        const lines = (rest + chunk).split("\n");
        rest = (lines.pop() ?? "").slice(0, LINE_LENGTH_MAX);
        for (const line of lines) this.#told(line);
      });
    }
  }

  /** The last line that was not empty. */
  get last(): string {
    return this.#last;
  }

  #told(line: string): void {
    const text = line.trimEnd().slice(0, LINE_LENGTH_MAX);
    if (text === "") return;
    this.#last = text;
    const minute = Math.floor(performance.now() / MINUTE_MS);
    this.#lines = minute === this.#minute ? this.#lines + 1 : 1;
    this.#minute = minute;
    if (this.#lines <= LINES_MAX) this.#logger.info({ from: "python" }, text);
    if (this.#lines === LINES_MAX)
      this.#logger.warn({ from: "python" }, "it says more, which is left out for a minute");
  }
}
