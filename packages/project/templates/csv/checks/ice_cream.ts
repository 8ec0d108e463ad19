import { defineChecks, table } from "millwright";

/** What must hold of a table. An error stops what depends on it, a warning is told. `npx mill checks list` shows them. */
export const iceCreamHolds = defineChecks({
  name: "ice_cream_holds",
  table: table("ice_cream"),
  checks: [
    { check: "row_count", min: 100 },
    { check: "between", column: "scoops", min: 0, max: 1_000 },
    { check: "between", column: "temperature", min: -20, max: 45, severity: "warning" },
  ],
});
