import { defineMonitor } from "millwright";

/** Says which features have moved away from what the model learned on. Days of few rows say nothing. */
export const returnedDrift = defineMonitor({
  name: "returned-drift",
  training: "returned",
  alert: { psiAbove: 0.25, days: 3, minRows: 100 },
});
