import { defineService } from "millwright";

export const returnedService = defineService({
  name: "returned",
  model: "returned@champion",
  description: "The probability of Returned",
});
