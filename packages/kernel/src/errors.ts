/** What a catalogue says of one error code. `exit` is the command line's exit code, 1 unless told. */
export interface ErrorSpec {
  readonly status: number;
  readonly title: string;
  readonly remedy: string;
  readonly example?: string;
  readonly exit?: 1 | 2 | 3 | 4;
}

/** Where an error lies in a user's file. Lines, columns and rows count from 1. */
export interface ErrorPlace {
  readonly file?: string;
  readonly line?: number;
  readonly column?: number;
  readonly row?: number;
  readonly columnName?: string;
}

export interface ErrorInputs {
  /** Why it happened this time, one sentence without a full stop. */
  readonly because: string;
  readonly where?: ErrorPlace;
  /** Overrides the catalogue's remedy when this case has a better one. */
  readonly remedy?: string;
  /** Plain data for programs; never a secret, a handle or a stack. */
  readonly details?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
}

/** An error of the user or of the world, told with its remedy and without a stack. A defect is any other Error. */
export class MillError extends Error {
  readonly code: string;
  readonly status: number;
  readonly exit: 1 | 2 | 3 | 4;
  readonly title: string;
  readonly because: string;
  readonly remedy: string;
  readonly where: ErrorPlace | undefined;
  readonly details: Readonly<Record<string, unknown>> | undefined;

  constructor(code: string, spec: ErrorSpec, inputs: ErrorInputs) {
    super(`${spec.title}: ${inputs.because}`, { cause: inputs.cause });
    this.name = "MillError";
    this.code = code;
    this.status = spec.status;
    this.exit = spec.exit ?? 1;
    this.title = spec.title;
    this.because = inputs.because;
    this.remedy = inputs.remedy ?? spec.remedy;
    this.where = inputs.where;
    this.details = inputs.details;
  }
}

export type ErrorCatalogue = Readonly<Record<string, ErrorSpec>>;

export interface ErrorFamily<Code extends string = string> {
  readonly area: string;
  readonly catalogue: Readonly<Record<Code, ErrorSpec>>;
  create(code: Code, inputs: ErrorInputs): MillError;
}

/** Declares the errors of one area. Codes are `area/what`, stable, and never reused. */
export function defineErrors<const Catalogue extends ErrorCatalogue>(
  area: string,
  catalogue: Catalogue,
): ErrorFamily<Extract<keyof Catalogue, string>> {
  for (const code of Object.keys(catalogue)) {
    if (!code.startsWith(`${area}/`)) throw new Error(`error code ${code} is not of the area ${area}`);
  }
  return {
    area,
    catalogue,
    create(code, inputs) {
      const spec = catalogue[code];
      if (spec === undefined) throw new Error(`no error ${code} in the area ${area}`);
      return new MillError(code, spec, inputs);
    },
  };
}

/** True for a MillError of any realm: it may have crossed a process as JSON and been revived. */
export function isMillError(error: unknown): error is MillError {
  return error instanceof MillError;
}

/** The plain shape in which an error crosses a process or a wire (RFC 9457 problem details). */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: string;
  readonly remedy: string;
  readonly exit?: 1 | 2 | 3 | 4;
  readonly where?: ErrorPlace;
  readonly details?: Readonly<Record<string, unknown>>;
}

/** A MillError as it is, a defect as `kernel/defect` without its stack or message internals. */
export function toProblem(error: unknown): Problem {
  const known = isMillError(error) ? error : defect(error);
  return {
    type: `urn:millwright:error:${known.code}`,
    title: known.title,
    status: known.status,
    detail: known.because,
    code: known.code,
    remedy: known.remedy,
    exit: known.exit,
    ...(known.where === undefined ? {} : { where: known.where }),
    ...(known.details === undefined ? {} : { details: known.details }),
  };
}

/** The error again, from its plain shape. */
export function fromProblem(problem: Problem): MillError {
  const spec: ErrorSpec = {
    status: problem.status,
    title: problem.title,
    remedy: problem.remedy,
    ...(problem.exit === undefined ? {} : { exit: problem.exit }),
  };
  return new MillError(problem.code, spec, {
    because: problem.detail,
    ...(problem.where === undefined ? {} : { where: problem.where }),
    ...(problem.details === undefined ? {} : { details: problem.details }),
  });
}

export const kernelErrors = defineErrors("kernel", {
  "kernel/defect": {
    status: 500,
    exit: 3,
    title: "Millwright has a defect",
    remedy: "Look for the stack in the project's `.mill/logs/mill.log`, and report it with the steps that led here.",
  },
  "kernel/invalid": {
    status: 400,
    exit: 2,
    title: "A value does not have the shape that is asked for",
    remedy: "Correct the named field; `mill explain kernel/invalid` shows an example.",
    example: "defineTraining({ name: 7 })  →  /name: must be string",
  },
});

function defect(error: unknown): MillError {
  const because = error instanceof Error ? error.name : "an unknown value was thrown";
  return kernelErrors.create("kernel/defect", { because, cause: error });
}
