import type { Position } from "./template-error.ts";

export interface Argument {
  /** `*` and `**` for a list and a map that are spread. */
  readonly name: string | undefined;
  readonly value: Expression;
}

export interface Parameter {
  readonly name: string;
  readonly fallback: Expression | undefined;
}

export type Expression = { readonly position: Position } & (
  | { readonly kind: "literal"; readonly value: null | boolean | number | string; readonly isFloat?: boolean }
  | { readonly kind: "name"; readonly name: string }
  | { readonly kind: "list"; readonly items: readonly Expression[]; readonly isTuple?: boolean }
  | { readonly kind: "map"; readonly entries: readonly (readonly [Expression, Expression])[] }
  | { readonly kind: "member"; readonly object: Expression; readonly name: string }
  | { readonly kind: "index"; readonly object: Expression; readonly index: Expression }
  | {
      readonly kind: "slice";
      readonly object: Expression;
      readonly from: Expression | undefined;
      readonly to: Expression | undefined;
      readonly step: Expression | undefined;
    }
  | { readonly kind: "call"; readonly callee: Expression; readonly args: readonly Argument[] }
  | { readonly kind: "filter"; readonly input: Expression; readonly name: string; readonly args: readonly Argument[] }
  | {
      readonly kind: "test";
      readonly input: Expression;
      readonly name: string;
      readonly args: readonly Expression[];
      readonly negated: boolean;
    }
  | { readonly kind: "unary"; readonly operator: string; readonly operand: Expression }
  | { readonly kind: "binary"; readonly operator: string; readonly left: Expression; readonly right: Expression }
  | {
      readonly kind: "choice";
      readonly condition: Expression;
      readonly yes: Expression;
      readonly no: Expression | undefined;
    }
);

export interface MacroNode {
  readonly kind: "macro";
  readonly name: string;
  readonly parameters: readonly Parameter[];
  readonly body: readonly Node[];
  readonly position: Position;
  /** Whether its body names `varargs` or `kwargs`: else it takes no more than its parameters. */
  readonly takesMore: { readonly positional: boolean; readonly named: boolean };
}

/** dbt's own blocks that define a thing: its body is rendered where that thing is made. */
export interface DefinitionNode {
  readonly kind: "definition";
  readonly word: "snapshot" | "docs" | "materialization";
  readonly name: string;
  /** For a materialization: the database that it is for, or `default`. */
  readonly adapter: string;
  readonly body: readonly Node[];
  readonly position: Position;
}

export type Node = { readonly position: Position } & (
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "print"; readonly value: Expression }
  | { readonly kind: "do"; readonly value: Expression }
  | {
      readonly kind: "set";
      readonly targets: readonly string[];
      readonly member: string | undefined;
      readonly value: Expression;
    }
  | {
      readonly kind: "setBlock";
      readonly target: string;
      readonly filters: readonly { readonly name: string; readonly args: readonly Argument[] }[];
      readonly body: readonly Node[];
    }
  | {
      readonly kind: "if";
      readonly branches: readonly { readonly condition: Expression; readonly body: readonly Node[] }[];
      readonly otherwise: readonly Node[];
    }
  | {
      readonly kind: "for";
      readonly targets: readonly string[];
      readonly items: Expression;
      readonly condition: Expression | undefined;
      readonly body: readonly Node[];
      readonly otherwise: readonly Node[];
    }
  | {
      readonly kind: "callBlock";
      readonly parameters: readonly Parameter[];
      readonly call: Expression;
      readonly body: readonly Node[];
    }
  | {
      readonly kind: "filterBlock";
      readonly name: string;
      readonly args: readonly Argument[];
      readonly body: readonly Node[];
    }
  | MacroNode
  | DefinitionNode
);
