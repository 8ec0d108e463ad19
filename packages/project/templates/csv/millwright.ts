import { defineProject } from "millwright";

export default defineProject({
  name: "my_project",
  description: "An ice cream stand: how many scoops will be sold on a day?",
});
