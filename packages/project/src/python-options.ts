import { Type } from "@millwright/kernel";

/** The Python of a project: what its models that need it run in. */
export interface ProjectPython {
  /** As pip writes them, or the name of a file of them in the project. An environment of them is made under `.mill`. */
  readonly requirements?: readonly string[] | string;
  /** Of the interpreter that it is made with: `"3.11"`. Default: the first on the path. */
  readonly version?: string;
  /** An interpreter, or an environment's folder, that is there already, in place of requirements. */
  readonly interpreter?: string;
  /** Of each model, where its configuration has no `instance_group`. Default: 1. */
  readonly workers?: number;
  /** How many workers a model has, by what is asked. Default: always `workers`. */
  readonly scale?: ProjectScale;
  /** For an answer. Default: 60. */
  readonly requestTimeoutSeconds?: number;
}

/** As Knative's autoscaler has it; a model's own configuration goes before. */
interface ProjectScale {
  /** 0 has the last worker end when nothing is asked. Default: 1. */
  readonly min?: number;
  /** Default: `workers`. */
  readonly max?: number;
  /** Requests open at once for each worker, of which 70 % are aimed at. Default: 1. */
  readonly target?: number;
  /** Over so long is averaged. Default: 60. */
  readonly windowSeconds?: number;
  /** The last worker stays so long after a window without requests. Default: 30. */
  readonly graceSeconds?: number;
}

const TEXT = Type.String({ minLength: 1 });
const count = (minimum: number) => Type.Optional(Type.Integer({ minimum, maximum: 256 }));
const number = (minimum: number) => Type.Optional(Type.Number({ minimum }));

export const PYTHON = Type.Object(
  {
    requirements: Type.Optional(Type.Union([Type.Array(TEXT), TEXT])),
    version: Type.Optional(Type.String({ pattern: "^\\d+\\.\\d+$" })),
    interpreter: Type.Optional(TEXT),
    workers: count(1),
    scale: Type.Optional(
      Type.Object(
        { min: count(0), max: count(1), target: number(0.01), windowSeconds: number(6), graceSeconds: number(0) },
        { additionalProperties: false },
      ),
    ),
    requestTimeoutSeconds: number(0.001),
  },
  { additionalProperties: false },
);
