import { glob, readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseSync } from "oxc-parser";

// The reference of `define…` and its helpers, read off the declarations and their comments: what the compiler knows.

/** A declaration of a package, as its source says it. */
interface Declaration {
  readonly name: string;
  readonly isFunction: boolean;
  /** The comment before it, without its stars. */
  readonly comment: string;
  /** From its name to the end of its type or, of a function, of its parameters. */
  readonly signature: string;
  readonly options: readonly Option[];
  /** The text in which the names of other types are looked for. */
  readonly mentions: string;
}

interface Option {
  readonly name: string;
  readonly isOptional: boolean;
  readonly type: string;
  readonly comment: string;
}

interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [field: string]: unknown;
}

type Declarations = ReadonlyMap<string, Declaration>;

/** The Markdown of all that `millwright` exports for a project's files. */
export async function configurationReference(root: string): Promise<string> {
  const index = await readFile(join(root, "packages", "millwright", "src", "index.ts"), "utf8");
  const parts: string[] = [];
  const types = new Map<string, Declaration>();
  for (const { packageName, names } of exportsOf(index)) {
    const declarations = await declarationsOf(root, packageName);
    const functions = names.flatMap((name) => declarations.get(name) ?? []).filter(({ isFunction }) => isFunction);
    parts.push(...functions.map((declaration) => partOf(declaration, declarations)));
    const shown = new Set(functions.flatMap((declaration) => takenBy(declaration, declarations)?.name ?? []));
    for (const type of reachable(functions, declarations)) if (!shown.has(type.name)) types.set(type.name, type);
  }
  const sorted = [...types.values()].toSorted((one, other) => (one.name < other.name ? -1 : 1));
  return `<!-- Made by \`npm run generate\` from the code. -->

# Configuration

What a project's files import from \`millwright\`. Each function checks what it is given, and the compiler checks it before: names of tables, columns and features are those of the project.

${parts.join("\n\n")}

# Types

${sorted.map(typePart).join("\n\n")}
`;
}

function exportsOf(index: string): readonly { readonly packageName: string; readonly names: readonly string[] }[] {
  return Array.from(
    index.matchAll(/^export \{([^}]*)\} from "@millwright\/([\w-]+)(?:\/define)?";/gm),
    ([, names = "", name = ""]) => ({
      packageName: name,
      names: names.split(",").map((each) => each.trim()),
    }),
  );
}

async function declarationsOf(root: string, packageName: string): Promise<Declarations> {
  const folder = join(root, "packages", packageName, "src");
  const files = (await Array.fromAsync(glob("**/*.ts", { cwd: folder }))).toSorted();
  const all = await Promise.all(files.map(async (file) => declarationsIn(await readFile(join(folder, file), "utf8"))));
  return new Map(all.flat().map((declaration) => [declaration.name, declaration]));
}

function declarationsIn(text: string): readonly Declaration[] {
  const { program, comments } = parseSync("declarations.ts", text);
  const commentBefore = (start: number) => {
    const last = comments.findLast(({ end }) => end <= start);
    return last?.type === "Block" && text.slice(last.end, start).trim() === "" ? plainComment(last.value) : "";
  };
  return (program.body as unknown as readonly Node[]).flatMap((statement) => {
    const node = (statement["declaration"] ?? statement) as Node;
    const declared = declarationOf(node, { text, commentBefore });
    return declared === undefined ? [] : [{ ...declared, comment: commentBefore(statement.start) }];
  });
}

interface Source {
  readonly text: string;
  commentBefore(start: number): string;
}

function declarationOf(node: Node, source: Source): Omit<Declaration, "comment"> | undefined {
  const { name } = (node["id"] ?? {}) as { readonly name?: string };
  if (name === undefined) return undefined;
  if (node.type === "FunctionDeclaration") return functionOf(name, node, source);
  if (node.type === "TSInterfaceDeclaration") {
    const body = node["body"] as Node;
    const parents = (node["extends"] as readonly Node[]).map((parent) => source.text.slice(parent.start, parent.end));
    const options = optionsOf(body["body"] as readonly Node[], source);
    return { name, isFunction: false, signature: parents.join(" & "), options, mentions: textOf(node, source) };
  }
  if (node.type !== "TSTypeAliasDeclaration") return undefined;
  const signature = textOf(node["typeAnnotation"] as Node, source);
  return { name, isFunction: false, signature, options: [], mentions: signature };
}

function functionOf(name: string, node: Node, source: Source): Omit<Declaration, "comment"> {
  const parameters = (node["params"] as readonly Node[]).map((parameter) => {
    const pattern = (parameter.type === "AssignmentPattern" ? parameter["left"] : parameter) as Node;
    const annotation = (pattern["typeAnnotation"] as Node | null)?.["typeAnnotation"] as Node | undefined;
    return { pattern, annotation, isOptional: parameter !== pattern, isRest: parameter.type === "RestElement" };
  });
  const literal = parameters.find(({ annotation }) => annotation?.type === "TSTypeLiteral")?.annotation;
  const mentions = parameters.map(({ annotation }) => (annotation === undefined ? "" : textOf(annotation, source)));
  return {
    name,
    isFunction: true,
    signature: parameters
      .map(({ pattern, annotation, isOptional, isRest }) => {
        const type = annotation === undefined || annotation.type === "TSTypeLiteral" ? "" : textOf(annotation, source);
        const called = pattern.type === "Identifier" ? String(pattern["name"]) : isRest ? "...items" : "options";
        return `${called}${isOptional ? "?" : ""}${type === "" ? "" : `: ${type}`}`;
      })
      .join(", "),
    options: literal === undefined ? [] : optionsOf(literal["members"] as readonly Node[], source),
    mentions: mentions.join(" "),
  };
}

function optionsOf(members: readonly Node[], source: Source): readonly Option[] {
  return members.flatMap((member) => {
    const annotation = (member["typeAnnotation"] as Node | null)?.["typeAnnotation"] as Node | undefined;
    if (member.type !== "TSPropertySignature" || annotation === undefined) return [];
    return [
      {
        name: textOf(member["key"] as Node, source),
        isOptional: member["optional"] === true,
        type: textOf(annotation, source),
        comment: source.commentBefore(member.start),
      },
    ];
  });
}

/** The types that some functions' parameters speak of, and those that these speak of. */
function reachable(from: readonly Declaration[], declarations: Declarations): readonly Declaration[] {
  const found = new Map<string, Declaration>();
  const queue = [...from];
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    for (const [name] of next.mentions.matchAll(/\b[A-Z]\w+\b/g)) {
      const declared = declarations.get(name);
      if (declared === undefined || declared.isFunction || found.has(name)) continue;
      found.set(name, declared);
      queue.push(declared);
    }
  }
  return [...found.values()];
}

/** The type of a function's one argument, whose options are told with the function. */
function takenBy({ signature }: Declaration, declarations: Declarations): Declaration | undefined {
  const [, name = ""] = /^options: (\w+)(?:<.*>)?$/.exec(signature) ?? [];
  const taken = declarations.get(name);
  return taken === undefined || taken.options.length === 0 ? undefined : taken;
}

function partOf(declaration: Declaration, declarations: Declarations): string {
  const { name, signature, comment } = declaration;
  const { options } = takenBy(declaration, declarations) ?? declaration;
  return [`## ${name}`, `\`${name}(${signature})\``, ...described(comment), ...optionTable(options)].join("\n\n");
}

function typePart({ name, signature, comment, options }: Declaration): string {
  const text = signature === "" ? [] : [`\`\`\`ts\n${signature}\n\`\`\``];
  return [`### ${name}`, ...described(comment), ...text, ...optionTable(options)].join("\n\n");
}

/** A comment's words, and its example as a block. */
function described(comment: string): readonly string[] {
  const [words = "", example] = comment.split("@example");
  return [words.trim(), (example ?? "").trim()].filter((part) => part !== "");
}

function optionTable(options: readonly Option[]): readonly string[] {
  if (options.length === 0) return [];
  const rows = options.map(({ name, isOptional, type, comment }) => {
    const cells = [`\`${name}\`${isOptional ? "" : " (required)"}`, `\`${inCell(type)}\``, inCell(comment)];
    return `| ${cells.join(" | ")} |`;
  });
  return [["| option | type | |", "|---|---|---|", ...rows].join("\n")];
}

function inCell(text: string): string {
  return text.replaceAll(/\s+/g, " ").replaceAll("|", "\\|").trim();
}

function textOf(node: Node, { text }: Source): string {
  return text.slice(node.start, node.end);
}

function plainComment(value: string): string {
  return value
    .replace(/^\*/, "")
    .split("\n")
    .map((line) => line.replace(/^\s*\* ?/, ""))
    .join("\n")
    .trim();
}
