import { createClient } from "millwright";

// A caller: every name below is checked against the model's signature once the types are made (`mill types`).
const mill = createClient({ url: "http://127.0.0.1:8080" });

const answer = await mill.predict("late-flights", {
  origin: "ORD",
  destination: "SFO",
  departed_at: "2001-06-30T18:00:00Z",
  distance: 1846,
});

console.log(`${(answer.probability * 100).toFixed(0)} % likely to be late`);
