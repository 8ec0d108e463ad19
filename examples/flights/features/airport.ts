import { defineEntity, defineFeatureView, table } from "millwright";

export const airport = defineEntity({ name: "airport", key: "airport" });
export const origin = defineEntity({ name: "origin", key: "origin" });
export const destination = defineEntity({ name: "destination", key: "destination" });

export const airportClock = defineFeatureView({
  name: "airport_clock",
  entities: [airport],
  from: table("airport_clock"),
  timestamp: "valid_from",
  features: ["latitude", "longitude", "utc_offset_minutes"],
});

/** One view in two roles: the pressure on the airport left, and on the one flown to. */
export const airportPressure = defineFeatureView({
  name: "airport_pressure",
  entities: [airport],
  from: table("airport_pressure_tiles"),
  timestamp: "known_at",
  ttl: "7d",
  features: ["gap_1h", "departures_1h_week_ago", "departures_next_1h_week_ago"],
});

export const originLateness = defineFeatureView({
  name: "origin_lateness",
  entities: [origin],
  from: table("origin_lateness_tiles"),
  timestamp: "known_at",
  ttl: "7d",
  features: ["late_rate_1h", "late_rate_3h", "late_rate_1d", "mean_delay_3h"],
});

export const destinationLateness = defineFeatureView({
  name: "destination_lateness",
  entities: [destination],
  from: table("destination_lateness_tiles"),
  timestamp: "known_at",
  ttl: "7d",
  features: ["late_rate_1h", "late_rate_3h", "late_rate_1d", "mean_delay_3h"],
});
