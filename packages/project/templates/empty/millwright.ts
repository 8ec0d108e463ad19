import { defineProject } from "millwright";

export default defineProject({ name: "my_project" });
