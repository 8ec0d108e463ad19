import { atLeast, defineTraining, gradientBoosting, notWorseThan, table } from "millwright";
import { customerHistory, salesFacts } from "../features/sales.ts";

/**
 * Learns Returned, a yes or no: it has two values. It was taken for the label because its name is one that labels
 * have, it has two values.
 */
export const returned = defineTraining({
  name: "returned",
  population: table("sales"),
  timestamp: "sold_on",
  label: "returned",
  features: [salesFacts.all(), customerHistory.all()],
  // The newest rows are held out, as tomorrow is what is asked for: 669, 145, 146 rows to learn, choose and judge.
  split: { validationFrom: "2025-10-11", testFrom: "2025-12-11" },
  trainer: gradientBoosting({
    objective: "binary",
    trees: 80,
    leaves: 8,
    minDataInLeaf: 5,
    learningRate: 0.1,
    earlyStopping: 20,
  }),
  // Better than the toss of a coin, and no worse than the champion by more than so few rows can tell.
  // betterThanBaseline("auc") would ask that it beats a straight line too.
  gates: [atLeast("auc", 0.5), notWorseThan("champion", "auc", 0.016)],
});
