import { defineChecks, table } from "millwright";

export const departuresHold = defineChecks({
  name: "departures_hold",
  table: table("departures"),
  checks: [
    { check: "row_count", min: 1 },
    { check: "between", column: "distance", min: 1, max: 6_000 },
    { check: "in_set", column: "late", values: [0, 1] },
    {
      check: "between",
      column: "departed_at",
      min: "2001-01-01 00:00:00",
      max: "2001-07-02 00:00:00",
      severity: "warning",
    },
  ],
});

/** The lag rule: a flight's outcome is known an hour and more after it left, never before. */
export const outcomesLag = defineChecks({
  name: "outcomes_lag",
  table: table("flights"),
  checks: [
    { check: "holds", name: "known after landing", condition: "known_at >= departed_at + interval '60 minutes'" },
  ],
});
