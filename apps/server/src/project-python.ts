import { isAbsolute, join } from "node:path";
import type { ProjectPython } from "@millwright/project";
import { pythonEnvironment, type PythonEnvironment } from "@millwright/serving/adapters/python-environment";
import type { PythonPlace } from "@millwright/serving/adapters/python-model";

interface ProjectPythonOptions {
  readonly projectDir: string;
  readonly python: ProjectPython;
  readonly path: string;
  readonly onProgress?: ((message: string) => void) | undefined;
}

/** The environment of a project's Python models. */
export function projectEnvironment({ projectDir, python, path, onProgress }: ProjectPythonOptions): PythonEnvironment {
  const { requirements, interpreter, version } = python;
  const within = (name: string) => (isAbsolute(name) ? name : join(projectDir, name));
  return pythonEnvironment({
    python: interpreter === undefined || !interpreter.includes("/") ? interpreter : within(interpreter),
    requirements: typeof requirements === "string" ? { file: within(requirements) } : requirements,
    version,
    folder: join(projectDir, ".mill", "python"),
    path,
    onProgress,
  });
}

/** Where a project's Python models run, and how. */
export function projectPython(options: ProjectPythonOptions): PythonPlace {
  const { interpreter } = projectEnvironment(options);
  const { workers = 1, scale = {}, requestTimeoutSeconds } = options.python;
  const { min, max, target, windowSeconds, graceSeconds } = scale;
  const told = {
    "min-scale": min,
    "max-scale": max ?? (options.python.scale === undefined ? undefined : Math.max(workers, min ?? 0)),
    target,
    window: seconds(windowSeconds),
    "scale-to-zero-pod-retention-period": seconds(graceSeconds),
    "request-timeout": seconds(requestTimeoutSeconds),
  };
  const parameters = Object.entries(told).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, String(value)]],
  );
  return { interpreter, workers, parameters: Object.fromEntries(parameters) as Readonly<Record<string, string>> };
}

function seconds(value: number | undefined): string | undefined {
  return value === undefined ? undefined : `${value}s`;
}
