import { atLeast, atMost, betterThanBaseline, defineTraining, gradientBoosting, notWorseThan, table } from "millwright";
import { airportClock, airportPressure, destinationLateness, originLateness } from "../features/airport.ts";
import { flightContext } from "../features/flight.ts";
import { routeLateness } from "../features/route.ts";

/** Asked at pushback: will this flight arrive more than 15 minutes late? */
export const lateFlights = defineTraining({
  name: "late-flights",
  population: table("departures"),
  timestamp: "departed_at",
  label: "late",
  features: [
    flightContext.all(),
    airportClock.only(["latitude", "longitude"], { on: { airport: "origin" }, prefix: "origin_" }),
    airportClock.only(["latitude", "longitude"], { on: { airport: "destination" }, prefix: "destination_" }),
    originLateness.all({ prefix: "origin_" }),
    destinationLateness.all({ prefix: "destination_" }),
    routeLateness.all({ prefix: "route_" }),
    airportPressure.all({ on: { airport: "origin" }, prefix: "origin_" }),
    airportPressure.only(["gap_1h"], { on: { airport: "destination" }, prefix: "destination_" }),
  ],
  split: { validationFrom: "2001-05-01", testFrom: "2001-06-01" },
  trainer: gradientBoosting({ trees: 60, leaves: 31, learningRate: 0.2 }),
  slices: ["origin"],
  gates: [
    atLeast("auc", 0.87),
    notWorseThan("champion", "auc", 0.002),
    atMost("calibration_error", 0.02),
    betterThanBaseline("auc", 0.05),
  ],
});
