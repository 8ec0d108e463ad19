import {
  addMinutes,
  clip,
  column,
  defineOnDemandFeatureView,
  isoDayOfWeek,
  least,
  minuteOfDay,
  minutesBetween,
} from "millwright";
import { airportClock } from "./airport.ts";
import { departures14d, departures1d, departures21d, departures7d } from "./route.ts";

const departedAt = column("departed_at");
const localTime = addMinutes(departedAt, column("clock_utc_offset_minutes"));

/** Minutes since the same route's departure at this hour some days ago: close to this flight's delay in leaving. */
const gap = (days: string) => clip(minutesBetween(column(`ago_${days}_expected_at`), departedAt), { max: 240 });

/** What a flight says of itself at pushback. */
export const flightContext = defineOnDemandFeatureView({
  name: "flight_context",
  request: { departed_at: "timestamp", distance: "long" },
  inputs: [
    airportClock.only(["utc_offset_minutes"], { on: { airport: "origin" }, prefix: "clock_" }),
    departures1d.all({ prefix: "ago_1d_" }),
    departures7d.all({ prefix: "ago_7d_" }),
    departures14d.all({ prefix: "ago_14d_" }),
    departures21d.all({ prefix: "ago_21d_" }),
  ],
  features: {
    flight_distance: column("distance"),
    minute_of_day: minuteOfDay(localTime),
    day_of_week: isoDayOfWeek(localTime),
    gap_1d: gap("1d"),
    gap_7d: gap("7d"),
    gap_14d: gap("14d"),
    gap_21d: gap("21d"),
    gap_least: least(gap("7d"), gap("14d"), gap("21d")),
  },
});
