import { defineMonitor } from "millwright";

/**
 * Says which features have moved away from what the model learned on. One stormy day moves the rates of lateness far,
 * so it takes several days that are very far.
 */
export const lateFlightsDrift = defineMonitor({
  name: "late-flights-drift",
  training: "late-flights",
  alert: { psiAbove: 2, days: 5 },
  except: ["day_of_week"],
});
