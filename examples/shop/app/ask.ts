import { createClient } from "millwright";

// A caller: every name below is checked against the model's signature (`mill check`). It needs a running `mill up`.
const mill = createClient({ url: "http://127.0.0.1:8080" });

const answer = await mill.predict("returned", {
  sold_on: "2025-05-17T00:00:00Z",
  customer: "C168",
  shop: "Online",
  category: "Bags",
  price: 100.13,
  qty: 1,
  age_of_customer: 29,
  express: false,
});

console.log(`${(answer.probability * 100).toFixed(0)} % likely`);
