import { camelCase } from "../names.ts";
import { modelNameOf, type OwnDataPlan } from "../plan.ts";
import { nameOf } from "./write-staging.ts";

/** `checks/TABLE.ts`: what is known of the file, so that another file that breaks it is noticed. */
export function checksFile(plan: OwnDataPlan): string {
  const { table, label, columns } = plan;
  const values = label.value.positive === undefined ? label.value.values.map(({ value }) => value) : ["0", "1"];
  const isNumber = label.value.column.reading.reading.kind !== "text" || label.value.positive !== undefined;
  const set = values.map((value) => (isNumber ? String(Number(value)) : JSON.stringify(value))).join(", ");
  const known =
    plan.task.value === "number" ? [] : [`{ check: "in_set", column: "${label.value.name}", values: [${set}] }`];
  const ranges = columns
    .filter(
      (column) =>
        isMeasured(column.reading.reading.kind) &&
        column !== label.value.column &&
        column.min !== "" &&
        column !== plan.entity?.value,
    )
    .map(
      (column) =>
        `{ check: "between", column: "${nameOf(column, plan)}", min: ${column.min}, max: ${column.max}, severity: "warning" }`,
    );
  const lines = [
    `{ check: "row_count", min: ${Math.max(1, Math.floor(plan.profile.rows / 2))} }`,
    ...known,
    ...ranges.slice(0, RANGES_MAX),
  ];
  return `import { defineChecks, table } from "millwright";

/** Half as many rows at least, and numbers within what they were: a value beyond is told, and stops nothing. */
export const ${camelCase(`${table}_holds`)} = defineChecks({
  name: "${table}_holds",
  table: table("${table}"),
  checks: [
${lines.map((line) => `    ${line},\n`).join("")}  ],
});
`;
}

const RANGES_MAX = 12;

function isMeasured(kind: string): boolean {
  return kind === "number" || kind === "whole";
}

export function serviceFile(plan: OwnDataPlan): string {
  const model = modelNameOf(plan);
  return `import { defineService } from "millwright";

export const ${camelCase(`${plan.label.value.name}_service`)} = defineService({
  name: "${model}",
  model: "${model}@champion",
  description: ${JSON.stringify(`${ANSWERS[plan.task.value]} ${plan.label.value.column.source}`)},
});
`;
}

const ANSWERS = { binary: "The probability of", classes: "The likeliest", number: "The expected" };

export function monitorFile(plan: OwnDataPlan): string {
  const model = modelNameOf(plan);
  return `import { defineMonitor } from "millwright";

/** Says which features have moved away from what the model learned on. Days of few rows say nothing. */
export const ${camelCase(`${plan.label.value.name}_drift`)} = defineMonitor({
  name: "${model}-drift",
  training: "${model}",
  alert: { psiAbove: 0.25, days: ${plan.time === undefined ? 1 : 3}, minRows: 100 },
});
`;
}

/** \`app/ask.ts\`: a caller, typed by the service. \`example\` is a row as a caller sends it. */
export function callerFile(plan: OwnDataPlan, example: Readonly<Record<string, unknown>>): string {
  const fields = Object.entries(example).map(([name, value]) => `  ${name}: ${JSON.stringify(value)},\n`);
  const told = {
    binary: "console.log(`${(answer.probability * 100).toFixed(0)} % likely`);",
    classes: "console.log(answer.prediction, answer.probabilities);",
    number: "console.log(answer.prediction);",
  }[plan.task.value];
  return `import { createClient } from "millwright";

// A caller: every name below is checked against the model's signature (\`mill check\`). It needs a running \`mill up\`.
const mill = createClient({ url: "http://127.0.0.1:8080" });

const answer = await mill.predict("${modelNameOf(plan)}", {
${fields.join("")}});

${told}
`;
}
