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

export interface ReaderAnswer {
  readonly definitions: readonly RawDefinition[];
  readonly problems: readonly { file: string; message: string; line?: number; column?: number }[];
}
