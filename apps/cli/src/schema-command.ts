import { Type } from "@millwright/kernel";
import { platformErrors, type Command } from "@millwright/platform";
import type { TSchema } from "typebox";

/** What any command prints with `--json` when it fails. */
export const problemSchema = Type.Object(
  {
    error: Type.Object({
      type: Type.String(),
      title: Type.String(),
      status: Type.Integer(),
      detail: Type.String({ description: "Why it happened this time." }),
      code: Type.String({ description: "Stable; `mill explain CODE` says more." }),
      remedy: Type.String({ description: "What to do." }),
      exit: Type.Optional(Type.Integer({ description: "The command's exit code." })),
      where: Type.Optional(
        Type.Object({
          file: Type.Optional(Type.String()),
          line: Type.Optional(Type.Integer()),
          column: Type.Optional(Type.Integer()),
          row: Type.Optional(Type.Integer()),
          columnName: Type.Optional(Type.String()),
        }),
      ),
      details: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
    }),
  },
  { title: "Failed", description: "What a command prints with --json when it fails." },
);

/** The JSON Schema of what a command prints with `--json`: of the document, or of each line where it prints a stream. */
export function schemaOf({ name, output, isStream }: Command): Readonly<Record<string, unknown>> {
  return published(output, {
    title: `mill ${name}`,
    description: `What \`mill ${name} --json\` prints${isStream === true ? ": each line of it" : ""}.`,
  });
}

function published(schema: TSchema, names: { readonly title: string; readonly description: string }) {
  const plain = JSON.parse(JSON.stringify(schema)) as Record<string, unknown>;
  return { $schema: "https://json-schema.org/draft/2020-12/schema", ...plain, ...names };
}

export const schema: Command = {
  name: "schema",
  summary: "the JSON Schema of what a command prints with --json",
  arguments: ["[NOUN]", "[VERB]"],
  options: {},
  example: "mill schema table show",
  output: Type.Record(Type.String(), Type.Unknown()),
  handler: async (call) => {
    const { allCommands } = await import("./command-modules.ts");
    const wanted = call.arguments.join(" ");
    const all = (await allCommands()).map(({ command }) => command);
    if (wanted === "") {
      const every = Object.fromEntries(all.map((command) => [command.name, schemaOf(command)]));
      call.out.result(every, () => all.map(({ name }) => `mill schema ${name}`).join("\n"));
      return 0;
    }
    const command = all.find(({ name }) => name === wanted);
    if (command === undefined)
      throw platformErrors.create("platform/usage", {
        because: `there is no command ${wanted}`,
        remedy: "`mill schema` lists the commands.",
      });
    call.out.result(schemaOf(command), (told) => JSON.stringify(told, null, 2));
    return 0;
  },
};
