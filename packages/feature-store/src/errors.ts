import { defineErrors } from "@millwright/kernel";

export const featureErrors = defineErrors("features", {
  "features/invalid-view": {
    status: 422,
    title: "A feature view is not complete",
    remedy: "Correct the named field of the definition.",
    example: 'defineFeatureView({ name: "origin_lateness", ttl: "7 days" })  →  ttl: use "7d"',
  },
  "features/unknown-column": {
    status: 422,
    title: "A feature view names a column that its table does not have",
    remedy: "Correct the name; `mill table show NAME` lists the columns.",
    example: "origin_lateness: origin_hourly has no column late_rate_4h",
  },
  "features/not-numeric": {
    status: 422,
    title: "A feature is neither a number nor a time",
    remedy: "Turn it into a number in the view's table: features are numbers, booleans, dates or timestamps.",
  },
  "features/missing-field": {
    status: 400,
    exit: 2,
    title: "A request lacks a field that the features need",
    remedy: "Send every field of the service's request: `mill types` writes them down as types.",
    example: '{"origin": "ORD", "destination": "SFO", "departed_at": "2001-06-15T12:00:00Z", "distance": 1846}',
  },
  "features/wrong-field": {
    status: 400,
    exit: 2,
    title: "A request's field is not of its type",
    remedy: "Send numbers as numbers, and times as ISO 8601 text in UTC or as milliseconds.",
    example: '"departed_at": "2001-06-15T12:00:00Z"',
  },
});
