import { defineChecks, table } from "millwright";

/** Half as many rows at least, and numbers within what they were: a value beyond is told, and stops nothing. */
export const salesHolds = defineChecks({
  name: "sales_holds",
  table: table("sales"),
  checks: [
    { check: "row_count", min: 480 },
    { check: "in_set", column: "returned", values: [0, 1] },
    { check: "between", column: "order_no", min: 20000, max: 22877, severity: "warning" },
    { check: "between", column: "price", min: 11.43, max: 133.5, severity: "warning" },
    { check: "between", column: "qty", min: 1, max: 3, severity: "warning" },
    { check: "between", column: "age_of_customer", min: 18, max: 79, severity: "warning" },
    { check: "between", column: "refund", min: 11.85, max: 384.99, severity: "warning" },
  ],
});
