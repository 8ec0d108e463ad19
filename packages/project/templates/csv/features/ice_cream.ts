import { column, defineOnDemandFeatureView, isoDayOfWeek } from "millwright";

/**
 * What the model looks at. `request` is what a caller tells of a day, and the table has columns of these names; `features`
 * are made of them, by the same words in training and when a caller asks.
 */
export const dayFacts = defineOnDemandFeatureView({
  name: "day_facts",
  request: { day: "timestamp", weather: "string", temperature: "double", holiday: "boolean" },
  // A caller who does not know it may leave it out: the model has learned from days without it.
  optional: ["temperature"],
  features: {
    weather: column("weather"),
    temperature: column("temperature"),
    holiday: column("holiday"),
    day_of_week: isoDayOfWeek(column("day")),
  },
});
