import { defineProject } from "millwright";

export default defineProject({
  name: "flights",
  description: "Asked at pushback: will this flight arrive more than 15 minutes late?",
  limits: { engineMemoryMb: 3_000 },
});
