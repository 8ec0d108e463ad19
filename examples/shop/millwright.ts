import { defineProject } from "millwright";

export default defineProject({
  name: "shop",
  description: "Returned, learned from sales.csv",
});
