import { defineErrors } from "@millwright/kernel";

export const trackingErrors = defineErrors("tracking", {
  "tracking/unknown-model": {
    status: 404,
    title: "There is no registered model of this name",
    remedy: "`mill models list` shows those there are; a training registers its model when it first runs.",
    example: "mill models show late-flights",
  },
  "tracking/unknown-version": {
    status: 404,
    title: "The model has no such version",
    remedy: "`mill models show NAME` lists its versions.",
    example: "mill models promote late-flights 3 --reason 'fewer false alarms'",
  },
  "tracking/nothing-before": {
    status: 409,
    title: "There is no earlier version to go back to",
    remedy: "Name the version: `mill models rollback NAME VERSION`. `mill models show NAME` lists them.",
    example: "mill models rollback late-flights 2",
  },
});
