import { transformationErrors } from "../errors.ts";

/** A place in a template. Lines count from 1. */
export interface Position {
  readonly file: string;
  readonly line: number;
}

export function templateError(because: string, position: Position, macroStack: readonly string[] = []): Error {
  const stack = macroStack.length === 0 ? "" : ` (in ${macroStack.join("; in ")})`;
  return transformationErrors.create("transformation/template", {
    because: `${position.file}:${position.line}: ${because}${stack}`,
    where: { file: position.file, line: position.line },
  });
}
