import type { Problem } from "@millwright/kernel";

/** What the reading process is asked. Paths are absolute. */
export interface ReaderRequest {
  readonly projectDir: string;
  readonly files: readonly string[];
  /** What `millwright` means to the project's files: the URL of the public module. */
  readonly millwrightUrl: string;
}

/** One exported definition as plain data. `file` is relative to the project, `line` counts from 1. */
export interface RawDefinition {
  readonly kind: string;
  readonly name: string;
  readonly file: string;
  readonly line: number;
  readonly exportName: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** Why a file could not be read. `file` is the one to mend, which may be one that the read file imports. */
export interface ReaderProblem {
  readonly file: string;
  readonly message: string;
  readonly line?: number;
  readonly column?: number;
  /** The error of a define function, which has a code and a remedy of its own. */
  readonly known?: Problem;
}

export interface ReaderAnswer {
  readonly definitions: readonly RawDefinition[];
  readonly problems: readonly ReaderProblem[];
}
