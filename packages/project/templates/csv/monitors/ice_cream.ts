import { defineMonitor } from "millwright";

/** Says which features have moved away from what the model learned on. Days of few rows say nothing. */
export const scoopsDrift = defineMonitor({
  name: "scoops-drift",
  training: "scoops",
  alert: { psiAbove: 0.25, days: 3, minRows: 100 },
});
