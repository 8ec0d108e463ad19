import { column, defineEntity, defineFeatureView, defineOnDemandFeatureView, isoDayOfWeek, table } from "millwright";

/** What a caller tells of a row. Columns that were left out, and why, are in the README. */
export const salesFacts = defineOnDemandFeatureView({
  name: "sales_facts",
  request: {
    sold_on: "timestamp",
    shop: "string",
    category: "string",
    price: "double",
    qty: "long",
    age_of_customer: "long",
    express: "boolean",
  },
  // Rows of the file lack these: a caller may leave them out.
  optional: ["price", "age_of_customer"],
  features: {
    shop: column("shop"),
    category: column("category"),
    price: column("price"),
    qty: column("qty"),
    age_of_customer: column("age_of_customer"),
    express: column("express"),
    sold_on_day_of_week: isoDayOfWeek(column("sold_on")),
  },
});

export const customer = defineEntity({ name: "customer", key: "customer" });

/** What was known of each customer at the end of the day before: see models/marts/sales_by_customer.sql. */
export const customerHistory = defineFeatureView({
  name: "customer_history",
  entities: [customer],
  from: table("sales_by_customer"),
  timestamp: "known_at",
  features: ["mean_returned_364d", "rows_364d"],
});
