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
  /** Why, of each that failed. */
  readonly failures: readonly string[];
  stop(): Promise<void>;
}

/** Undefined where it was answered as itself. */
async function failureOf(asked: Promise<Response>, id: string): Promise<string | undefined> {
  try {
    const response = await asked;
    const text = await response.text();
    if (!response.ok) return `${response.status} ${text}`;
    return (JSON.parse(text) as Inference).id === id ? undefined : `${id} was answered ${text}`;
  } catch (error) {
    return `${String(error)}: ${String((error as Error).cause)}`;
  }
}

/** Some callers who ask without pause until they are stopped, each time with a new id. */
export function keepCalling(
  port: number,
  { name, callers = 8 }: { readonly name: string; readonly callers?: number },
): Calls {
  const answered: { id: string; atMs: number }[] = [];
  const failures: string[] = [];
  const state = { stopped: false, next: 0 };
  const flights = differentFlights(24);
  const call = async () => {
    // A command that was waited for may have held this process up: that connections were closed meanwhile is seen first.
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
    while (!state.stopped) {
      const number = state.next++;
      const flight = flights[number % flights.length] ?? flights[0];
      if (flight === undefined) return;
      const id = `${name}-${number}`;
      const failure = await failureOf(infer(port, { id, flight }), id);
      if (failure === undefined) answered.push({ id, atMs: performance.now() });
      else failures.push(failure);
      await new Promise((resolve) => setTimeout(resolve, failure === undefined ? 2 : 20));
    }
  };
  const all = Promise.all(Array.from({ length: callers }, call));
  return {
    answered,
    failures,
    stop: async () => {
      state.stopped = true;
      await all;
    },
  };
}
