// Callers of the flights example's service.

export interface Flight {
  readonly origin: string;
  readonly destination: string;
  readonly departed_at: string;
  readonly distance: number;
}

const AIRPORTS = ["ORD", "SFO", "JFK", "DEN"];

/** Requests that differ in their keys, and within a route in their time and distance. */
export function differentFlights(count: number): readonly Flight[] {
  const routes = AIRPORTS.flatMap((origin) =>
    AIRPORTS.filter((destination) => destination !== origin).map((destination) => ({ origin, destination })),
  );
  return Array.from({ length: count }, (_, index) => {
    const { origin = "ORD", destination = "SFO" } = routes[index % routes.length] ?? {};
    const departed = new Date(Date.UTC(2001, 5, 27) + index * 67 * 60_000);
    return { origin, destination, departed_at: departed.toISOString(), distance: 300 + index * 40 };
  });
}

export interface Inference {
  readonly id: string;
  readonly model_version: string;
  readonly outputs: readonly { readonly name: string; readonly data: readonly unknown[] }[];
}

/** One request by the Open Inference Protocol, with the caller's own id. */
export function infer(
  port: number,
  { id, flight, signal }: { readonly id: string; readonly flight: Flight; readonly signal?: AbortSignal },
): Promise<Response> {
  const inputs = Object.entries(flight).map(([name, value]) => ({ name, data: [value as unknown] }));
  return fetch(`http://127.0.0.1:${port}/v2/models/late-flights/infer`, {
    method: "POST",
    body: JSON.stringify({ id, inputs }),
    ...(signal === undefined ? {} : { signal }),
  });
}

export function probabilityOf({ outputs }: Inference): unknown {
  return outputs.find(({ name }) => name === "probability")?.data[0];
}

/** What callers were told, and what they were not. Times are of `performance.now()`. */
export interface Calls {
  readonly answered: readonly { readonly id: string; readonly atMs: number }[];
  readonly failed: number;
  stop(): Promise<void>;
}

/** Some callers who ask without pause until they are stopped, each time with a new id. */
export function keepCalling(
  port: number,
  { name, callers = 8 }: { readonly name: string; readonly callers?: number },
): Calls {
  const answered: { id: string; atMs: number }[] = [];
  const state = { failed: 0, stopped: false, next: 0 };
  const flights = differentFlights(24);
  const call = async () => {
    while (!state.stopped) {
      const number = state.next++;
      const flight = flights[number % flights.length] ?? flights[0];
      if (flight === undefined) return;
      const id = `${name}-${number}`;
      const ok = await infer(port, { id, flight }).then(
        async (response) => response.ok && ((await response.json()) as Inference).id === id,
        () => false,
      );
      if (ok) answered.push({ id, atMs: performance.now() });
      else state.failed += 1;
      await new Promise((resolve) => setTimeout(resolve, ok ? 2 : 20));
    }
  };
  const all = Promise.all(Array.from({ length: callers }, call));
  return {
    answered,
    get failed() {
      return state.failed;
    },
    stop: async () => {
      state.stopped = true;
      await all;
    },
  };
}
