import { defineMonitor, log, table } from "millwright";

/**
 * Says which features have moved away from what the model learned on. One stormy day moves the rates of lateness far,
 * so it takes several days that are very far.
 */
export const lateFlightsDrift = defineMonitor({
  name: "late-flights-drift",
  training: "late-flights",
  alerts: [
    { on: "stability", above: 2, days: 5, rows: "scored" },
    { on: "auc", below: 0.7, days: 3 },
  ],
  routes: [log()],
  outcomes: { table: table("departures"), label: "late", on: ["origin", "destination", "departed_at"] },
  except: ["day_of_week"],
});
