import { atLeast, defineTraining, gradientBoosting, notWorseThan, table } from "millwright";
import { dayFacts } from "../features/ice_cream.ts";

/** How many scoops will be sold on a day? */
export const scoops = defineTraining({
  name: "scoops",
  // One row for each thing to predict, the time at which it is asked, and the column to learn.
  population: table("ice_cream"),
  timestamp: "day",
  label: "scoops",
  features: [dayFacts.all()],
  // It learns from the days before the first date, chooses when to stop on those before the second, and is judged on the
  // days after that, which it has never seen.
  split: { validationFrom: "2024-09-13", testFrom: "2024-11-07" },
  // A number; "binary" learns a yes or no, "softmax" one of several.
  trainer: gradientBoosting({ objective: "squared", trees: 80, leaves: 8, minDataInLeaf: 5, earlyStopping: 20 }),
  // What must hold on the unseen days before a version is served: an R² of 0 is no better than always saying the mean.
  gates: [atLeast("r2", 0.5), notWorseThan("champion", "r2", 0.03)],
});
