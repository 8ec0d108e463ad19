import { camelCase, identifierOf } from "../names.ts";
import { modelNameOf, type OwnDataPlan } from "../plan.ts";
import { commentLines, listText, sentence } from "./text.ts";

/** `training/TABLE.ts`: what is learned from which rows, and what must hold before it is served. */
export function trainingFile(plan: OwnDataPlan): string {
  const { table, label, time, entity } = plan;
  const facts = camelCase(`${table}_facts`);
  const history = entity === undefined ? undefined : camelCase(`${entity.value.name}_history`);
  const gate = gateOf(plan);
  const imported = ["defineTraining", "gradientBoosting", "notWorseThan", "table", gate.name].toSorted();
  return `import { ${imported.join(", ")} } from "millwright";
import { ${history === undefined ? facts : [history, facts].toSorted().join(", ")} } from "../features/${table}.ts";

/**
${commentLines(`Learns ${label.value.column.source}, ${TASKS[plan.task.value]}: ${plan.task.why}. It was taken for the label because ${label.why}.`, " *")}
 */
export const ${identifierOf(label.value.name)} = defineTraining({
  name: "${modelNameOf(plan)}",
  population: table("${table}"),
${time === undefined ? "" : `  timestamp: "${time.value.name}",\n`}  label: "${label.value.name}",
  features: [${[`${facts}.all()`, ...(history === undefined ? [] : [`${history}.all()`])].join(", ")}],
${commentLines(sentence(plan.split.why), "  //")}
  split: ${splitText(plan)},
  trainer: gradientBoosting(${trainerText(plan)}),
${commentLines(`${gate.why} betterThanBaseline("${gate.metric}") would ask that it beats a straight line too.`, "  //")}
  gates: ${listText([gate.text, `notWorseThan("champion", "${gate.metric}", ${gate.tolerance})`], { open: "[", close: "]", indent: "  " })},
});
`;
}

const TASKS = { binary: "a yes or no", classes: "one of several", number: "a number" };
const OBJECTIVES = { binary: "binary", classes: "softmax", number: "squared" };

function splitText({ split }: OwnDataPlan): string {
  const { value } = split;
  if (value.by === "time") return `{ validationFrom: "${value.validationFrom}", testFrom: "${value.testFrom}" }`;
  return `{ validation: ${value.validation}, test: ${value.test}, by: "hash"${value.stratify ? ", stratify: true" : ""} }`;
}

/** Fewer and smaller trees for fewer rows; it ends by itself where the validation rows are enough to tell. */
function trainerText({ task, label }: OwnDataPlan): string {
  const rows = label.value.column.present;
  const size = SIZES.find(({ below }) => rows < below) ?? { trees: 200, leaves: 31, minDataInLeaf: 100 };
  const settings = {
    trees: size.trees,
    leaves: size.leaves,
    minDataInLeaf: size.minDataInLeaf,
    learningRate: 0.1,
    earlyStopping: 20,
  };
  const told = Object.entries(settings).map(([name, value]) => `${name}: ${value}`);
  return listText([`objective: "${OBJECTIVES[task.value]}"`, ...told], { open: "{", close: "}", indent: "  " });
}

const SIZES = [
  { below: 200, trees: 40, leaves: 4, minDataInLeaf: 3 },
  { below: 1_000, trees: 80, leaves: 8, minDataInLeaf: 5 },
  { below: 10_000, trees: 150, leaves: 15, minDataInLeaf: 20 },
];

interface GateText {
  readonly name: string;
  readonly text: string;
  readonly metric: string;
  readonly tolerance: number;
  readonly why: string;
}

/** A first gate that few rows can answer: better than who looks at nothing. */
function gateOf({ task, label }: OwnDataPlan): GateText {
  const rows = label.value.column.present;
  const chance = Number(Math.min(0.05, 0.5 / Math.sqrt(rows)).toFixed(3));
  if (task.value === "binary")
    return {
      name: "atLeast",
      text: `atLeast("auc", ${rows < 1_000 ? 0.5 : 0.55})`,
      metric: "auc",
      tolerance: chance,
      why: "Better than the toss of a coin, and no worse than the champion by more than so few rows can tell.",
    };
  if (task.value === "number")
    return {
      name: "atLeast",
      text: 'atLeast("r2", 0)',
      metric: "r2",
      tolerance: chance,
      why: "Better than always answering the mean, and no worse than the champion by more than so few rows can tell.",
    };
  return {
    name: "atMost",
    text: `atMost("log_loss", ${doubtOf(label.value.values).toFixed(3)})`,
    metric: "log_loss",
    tolerance: chance,
    why: "Surer than who knows the shares of the classes alone, and no worse than the champion by more than so few rows can tell.",
  };
}

/** The log loss of always answering each value's share: the entropy of the shares. */
function doubtOf(values: readonly { readonly rows: number }[]): number {
  const all = values.reduce((sum, { rows }) => sum + rows, 0);
  return values.reduce((sum, { rows }) => sum - (rows / all) * Math.log(rows / all), 0);
}
