import { defineErrors } from "@millwright/kernel";

export const validationErrors = defineErrors("validation", {
  "validation/unknown-checks": {
    status: 404,
    exit: 2,
    title: "No checks of this name, or on a table of this name, have run",
    remedy: "`mill checks list` names those that have; `mill run` runs them.",
    example: "mill checks show departures_hold",
  },
});
