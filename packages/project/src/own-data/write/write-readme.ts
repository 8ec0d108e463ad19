import { dataPath, modelNameOf, type OwnDataPlan } from "../plan.ts";
import { sentence } from "./text.ts";
import { guessesOf } from "../guesses.ts";

interface ReadmeOptions {
  readonly name: string;
  /** A row as a caller sends it. */
  readonly example: Readonly<Record<string, unknown>>;
}

/** `README.md`: what was guessed of the file and why, and how to go on. */
export function readmeFile(plan: OwnDataPlan, { name, example }: ReadmeOptions): string {
  const { roles, columns } = guessesOf(plan);
  const roleLines = roles.map(({ what, value, why }) => `- **${what}**: ${value ?? "none"}. ${sentence(why)}`);
  const rows = columns.map(({ column, as, role, why }) => `| ${cell(column)} | ${cell(as)} | ${role} | ${cell(why)} |`);
  return `# ${name}

Made from \`${plan.file.name}\` (${plan.profile.rows} rows) by \`mill init --from\`. Every file is yours to change; nothing is made twice.

\`\`\`sh
npx mill run      # the file to a judged model
npx mill test     # the tests of tests/, on state of their own
npx mill up       # the same as run, and serves it until Ctrl-C
\`\`\`

Ask it, in another terminal:

\`\`\`sh
npx mill predict ${modelNameOf(plan)} '${JSON.stringify(example).replaceAll("'", String.raw`'\''`)}'
\`\`\`

## What was guessed

${roleLines.join("\n")}

Wrong? \`mill init\` again with \`--label\`, \`--time\` or \`--key\`, or change the file that says it.

| column of the file | in the table \`${plan.table}\` | role | why |
|---|---|---|---|
${rows.join("\n")}

To take a column that was left out all the same, name it in \`features/${plan.table}.ts\`, in \`request\` and in \`features\`.

## Where things are

- \`${dataPath(plan)}\`: the file. Put a newer one in its place, and \`mill run\` goes on from there.
- \`sources/\`, \`models/\`, \`checks/\`: read, cleaned, and what must hold.
- \`features/\`, \`training/\`: what the model sees, learns and must show.
- \`services/\`, \`monitors/\`, \`app/\`: what is served, what is watched, a caller.
`;
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll(/\s+/g, " ");
}
