import { defineSource } from "millwright";

/**
 * sales.csv as it was given: 960 rows. What is a text here and more than that is read in models/staging/sales.sql. A
 * row that breaks these types is put into the table sales_raw_quarantine, and the others are loaded. Lines of another
 * width than the header, 1 of them, go there too.
 */
export const salesRaw = defineSource({
  name: "sales_raw",
  path: "data/sales.csv",
  csv: { delimiter: ";", encoding: "windows-1252" },
  badRows: "quarantine",
  columns: {
    "Order No": "long",
    "Sold on": "string",
    Customer: "string",
    Shop: "string",
    Category: "string",
    "Price (€)": "string",
    Qty: "long",
    "Age of customer": "long",
    "Express?": "string",
    Currency: "string",
    Remarks: "string",
    Returned: "string",
    "Refund (€)": "string",
  },
});
