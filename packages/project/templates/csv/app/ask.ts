import { createClient } from "millwright";

// A caller. Rename a field here, and `npx mill check` names this line: the service's signature is a type.
const mill = createClient({ url: "http://127.0.0.1:8080" });

const { prediction } = await mill.predict("scoops", {
  day: "2025-07-12T00:00:00Z",
  weather: "sunny",
  temperature: 27.5,
  holiday: false,
});

console.log(`about ${prediction.toFixed(0)} scoops`);
