import { defineSource } from "millwright";

/**
 * A source says where raw data lies and what its columns are. Its rows become the table `ice_cream_raw`. A row that is not
 * as it says here is put into `ice_cream_raw_quarantine` with the reason, and the others are loaded.
 */
export const iceCreamRaw = defineSource({
  name: "ice_cream_raw",
  path: "data/ice_cream.csv",
  badRows: "quarantine",
  columns: { day: "timestamp", weather: "string", temperature: "double", holiday: "string", scoops: "long" },
});
