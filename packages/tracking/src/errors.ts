import { defineErrors } from "@millwright/kernel";

export const trackingErrors = defineErrors("tracking", {
  "tracking/unknown-model": {
    status: 404,
    title: "There is no registered model of this name",
    remedy: "`mill models list` shows those there are; a training registers its model when it first runs.",
    example: "mill models show late-flights",
  },
});
