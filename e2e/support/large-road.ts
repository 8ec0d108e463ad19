import type { Page } from "playwright-core";

const ROWS = 50;
const SIZE = { width: 146, height: 90 };

/** Shows a page a road of so many steps in folders of a hundred, told and laid out as the control process would. */
export async function showLargeRoad(page: Page, stepCount: number): Promise<void> {
  const steps = Array.from({ length: stepCount }, (_, index) => stepAt(index));
  const edges = steps.slice(ROWS).flatMap(({ id }, index) => [
    { from: steps[index]?.id, to: id, isGate: false },
    { from: steps[index - (index % ROWS) + ((index * 7) % ROWS)]?.id, to: id, isGate: false },
  ]);
  const road = { project: "large", description: `${stepCount} steps`, run: null, nodes: steps, edges };
  await page.addInitScript(`
    window.EventSource = class extends EventTarget {
      constructor() {
        super();
        const data = ${JSON.stringify(JSON.stringify(road))};
        setTimeout(() => this.dispatchEvent(new MessageEvent("road", { data })));
      }
      close() {}
    };
  `);
  await page.route("**/api/v1/road/layout*", (route) => {
    const folded = new URL(route.request().url()).searchParams.get("folded")?.split("\n") ?? [];
    const drawn = [...new Set(steps.map(({ id, group }) => (folded.includes(group) ? `group:${group}` : id)))];
    const rows = Math.ceil(Math.sqrt(drawn.length));
    const nodes = drawn.map((id, index) => ({ id, x: Math.floor(index / rows) * 174, y: (index % rows) * 104 }));
    const [width, height] = [rows * 174, rows * 104];
    return route.fulfill({ json: { width, height, nodeWidth: SIZE.width, nodeHeight: SIZE.height, nodes } });
  });
}

function stepAt(index: number) {
  const name = `step_${String(index).padStart(4, "0")}`;
  const group = `models/part_${String(Math.floor(index / 100)).padStart(2, "0")}`;
  return {
    id: `table:${name}`,
    kind: "table",
    name,
    state: index === 1_234 ? "failed" : "done",
    startedAtMs: null,
    tookMs: 12 + index,
    message: null,
    facts: { rows: index * 1_000 },
    error: null,
    progress: null,
    runId: null,
    doneAtMs: 1_700_000_000_000,
    history: [1, 2, 3, 2],
    attachedTo: null,
    group,
    place: { file: `${group}/${name}.sql`, line: 1, description: "" },
  };
}

/** The times between frames, in milliseconds, rising, while the drawing is dragged to and fro. */
export async function frameTimesWhileDragging(page: Page): Promise<readonly number[]> {
  await page.evaluate(`{
    window.frameTimes = [];
    let last = performance.now();
    const frame = (now) => {
      window.frameTimes.push(now - last);
      last = now;
      requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  }`);
  await page.mouse.move(900, 500);
  await page.mouse.down();
  for (let move = 0; move < 60; move += 1)
    await page.mouse.move(900 - 10 * (move < 30 ? move : 60 - move), 500 - 3 * move);
  await page.mouse.up();
  const times = await page.evaluate<number[]>("window.frameTimes");
  return times.slice(1).toSorted((one, other) => one - other);
}
