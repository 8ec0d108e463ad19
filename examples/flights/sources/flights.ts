import { defineSource } from "millwright";

/** US domestic flights, January to June 2001. `date` is the local time of departure, `delay` that of the arrival. */
export const flights = defineSource({
  name: "flights_raw",
  path: "npm:vega-datasets/data/flights-3m.parquet",
  description: "Three million US domestic flights, January to June 2001",
  columns: { date: "timestamp", delay: "long", distance: "long", origin: "string", destination: "string" },
});

export const airports = defineSource({
  name: "airports_raw",
  path: "npm:vega-datasets/data/airports.csv",
  description: "US airports with their state and place",
  columns: { iata: "string", name: "string", city: "string", state: "string", latitude: "double", longitude: "double" },
});
