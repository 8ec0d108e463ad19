import { defineService } from "millwright";

export const lateFlightsService = defineService({
  name: "late-flights",
  model: "late-flights@champion",
  description: "The probability that a flight that leaves now arrives more than 15 minutes late",
});
