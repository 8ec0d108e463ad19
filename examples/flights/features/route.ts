import { defineEntity, defineFeatureView, table } from "millwright";

export const route = defineEntity({ name: "route", key: ["origin", "destination"] });

export const routeLateness = defineFeatureView({
  name: "route_lateness",
  entities: [route],
  from: table("route_lateness_tiles"),
  timestamp: "known_at",
  ttl: "28d",
  features: ["late_rate_1d", "late_rate_7d", "late_rate_28d", "mean_delay_1d"],
});

export const departures1d = defineFeatureView({
  name: "route_departures_1d",
  entities: [route],
  from: table("route_departures_1d"),
  timestamp: "seen_from",
  features: ["expected_at"],
});

export const departures7d = defineFeatureView({
  name: "route_departures_7d",
  entities: [route],
  from: table("route_departures_7d"),
  timestamp: "seen_from",
  features: ["expected_at"],
});

export const departures14d = defineFeatureView({
  name: "route_departures_14d",
  entities: [route],
  from: table("route_departures_14d"),
  timestamp: "seen_from",
  features: ["expected_at"],
});

export const departures21d = defineFeatureView({
  name: "route_departures_21d",
  entities: [route],
  from: table("route_departures_21d"),
  timestamp: "seen_from",
  features: ["expected_at"],
});
