export { errorFamilies } from "./house-commands.ts";
