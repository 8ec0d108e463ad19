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
    title: "A feature is neither a number, nor a time, nor text",
    remedy: "Turn it into one in the view's table: features are numbers, booleans, dates, timestamps or text.",
  },
  "features/missing-field": {
    status: 400,
    exit: 2,
    title: "A request lacks a field that the features need",
    remedy: "Send every field of the service's request: `mill types` writes them down as types.",
    example: '{"origin": "ORD", "destination": "SFO", "departed_at": "2001-06-15T12:00:00Z", "distance": 1846}',
  },
  "features/unknown-view": {
    status: 404,
    exit: 2,
    title: "There is no feature view of this name",
    remedy: "`mill features list` names the views.",
    example: "mill features history --entities flights.csv --features origin_lateness:late_rate_3h",
  },
  "features/unknown-feature": {
    status: 404,
    exit: 2,
    title: "The feature view has no such feature",
    remedy: "`mill features show VIEW` names its features.",
    example: "origin_lateness has no late_rate_4h; did you mean late_rate_3h?",
  },
  "features/name-collision": {
    status: 400,
    exit: 2,
    title: "Two columns of the answer would have one name",
    remedy: "Ask with `--full-names`, which calls each feature `view__feature`, or rename the frame's column.",
    example: "mill features history --entities flights.csv --features a:rate,b:rate --full-names",
  },
  "features/missing-column": {
    status: 400,
    exit: 2,
    title: "The entity frame lacks a column",
    remedy:
      "Give the frame the key columns of every view, the fields of on-demand views, and the time of each row (`--timestamp COLUMN`).",
  },
  "features/wrong-frame": {
    status: 400,
    exit: 2,
    title: "The entity frame cannot be read or compared",
    remedy: "Send CSV, JSON, JSON lines or Parquet, with keys of the views' own types and times in ISO 8601.",
  },
  "features/missing-entity": {
    status: 404,
    title: "A feature view has no row for a key",
    remedy: 'Send a known key, or let the view say what counts then: `onMissing: "null"` or `"default"`.',
    example: 'origin_lateness has no row for origin = "XYZ"',
  },
  "features/stale": {
    status: 503,
    title: "The newest row of a feature view is too old",
    remedy:
      'Materialise it again (`mill features materialize VIEW`), or let the view say what counts then: `onStale: "last_known"`.',
  },
  "features/wrong-rows": {
    status: 400,
    exit: 2,
    title: "Rows cannot be pushed to the view",
    remedy: "Give each row the view's key columns, its timestamp and its features, numbers as numbers.",
    example: `mill features push origin_lateness '{"origin": "ORD", "known_at": "2001-06-30T12:00:00Z", "late_rate_1d": 0.2}'`,
  },
  "features/wrong-field": {
    status: 400,
    exit: 2,
    title: "A request's field is not of its type",
    remedy: "Send numbers as numbers, and times as ISO 8601 text in UTC or as milliseconds.",
    example: '"departed_at": "2001-06-15T12:00:00Z"',
  },
});
