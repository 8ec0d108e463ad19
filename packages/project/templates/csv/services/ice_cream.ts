import { defineService } from "millwright";

/** A name that callers know. Behind it is whichever version is the champion: a better one takes its place unseen. */
export const scoopsService = defineService({
  name: "scoops",
  model: "scoops@champion",
  description: "How many scoops to expect on a day",
});
