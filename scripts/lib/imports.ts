import { parseSync, Visitor, type CallExpression, type Expression } from "oxc-parser";

/** One module that a source file asks for, and the line (from 1) on which it does. */
export interface ImportFound {
  readonly specifier: string;
  readonly line: number;
}

/**
 * Every module that a TypeScript source names, found by parsing it: static imports and exports, `import()`, types by
 * `import("...")`, `import x = require("...")`, `require`, `import.meta.resolve` and `vi.mock`. A specifier that is
 * only known when the program runs is left out. Throws when the source does not parse.
 */
export function importsOf(path: string, text: string): readonly ImportFound[] {
  const { program, errors } = parseSync(path, text);
  const [error] = errors;
  if (error !== undefined) throw new Error(`does not parse: ${error.message}`);
  const found: ImportFound[] = [];
  const add = (source: Node | null) => {
    const specifier = source === null ? undefined : textOf(source);
    if (source === null || specifier === undefined) return;
    found.push({ specifier, line: text.slice(0, source.start).split("\n").length });
  };
  new Visitor({
    ImportDeclaration: ({ source }) => add(source),
    ExportNamedDeclaration: ({ source }) => add(source),
    ExportAllDeclaration: ({ source }) => add(source),
    ImportExpression: ({ source }) => add(source),
    TSImportType: ({ source }) => add(source),
    TSExternalModuleReference: ({ expression }) => add(expression),
    CallExpression: (call) => add(namesModule(call) ? (call.arguments[0] ?? null) : null),
  }).visit(program);
  return found;
}

type Node = Expression | CallExpression["arguments"][number];

/** A string, or a template without any hole. */
function textOf(node: Node): string | undefined {
  if (node.type === "Literal") return typeof node.value === "string" ? node.value : undefined;
  if (node.type !== "TemplateLiteral" || node.expressions.length > 0) return undefined;
  return node.quasis[0]?.value.cooked ?? undefined;
}

function namesModule({ callee }: CallExpression): boolean {
  if (callee.type === "Identifier") return callee.name === "require";
  if (callee.type !== "MemberExpression" || callee.property.type !== "Identifier") return false;
  const { object, property } = callee;
  if (object.type === "MetaProperty") return property.name === "resolve";
  if (object.type !== "Identifier") return false;
  return (
    (object.name === "require" && property.name === "resolve") ||
    (object.name === "vi" && /^(?:un|do|doUn)?mock$/i.test(property.name))
  );
}
