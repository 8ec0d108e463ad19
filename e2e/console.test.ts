import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { openBrowser, seriousFindings, watchedPage, type Watched } from "./support/browser.ts";
import { end, millUp, smallFlights, type Up } from "./support/project.ts";

const { chromium } = inject("means");

describe.skipIf(chromium === undefined)("the console in Chromium", () => {
  let up: Up;
  let browser: Browser;
  let watched: Watched;
  let page: Page;

  beforeAll(async () => {
    up = await millUp(smallFlights());
    browser = await openBrowser(chromium ?? "");
    watched = await watchedPage(browser, { origin: `http://127.0.0.1:${up.controlPort}` });
    ({ page } = watched);
    await up.road;
  });
  afterAll(async () => {
    await browser.close();
    await end(up);
  });

  const step = (name: string) => page.getByRole("button", { name: new RegExp(`^${name} (?:done|warning) `) });

  test("the road appears, each step a node, and ends done", async () => {
    const response = await page.goto("/");
    expect(response?.headers()["content-security-policy"]).toMatch(/default-src 'none'; script-src 'self';/);
    await step("table departures").waitFor();
    await page.getByRole("status").getByText("done").waitFor();
    expect(await page.locator(".react-flow__node").count()).toBeGreaterThan(20);
  });

  test("a node opens the inspector, which leads to the table's page; back goes back", async () => {
    await page.goto("/");
    await step("table departures").click();
    const inspector = page.getByRole("complementary", { name: "About departures" });
    await inspector.getByText("models/marts/departures.sql:1").waitFor();
    await inspector.getByRole("link", { name: "Columns, snapshots and rows" }).click();
    await page.getByRole("heading", { name: "departures", level: 1 }).waitFor();
    await page.getByRole("region", { name: "Rows of departures" }).getByText("ORD").first().waitFor();
    await page.goBack();
    await inspector.waitFor();
    await page.keyboard.press("Escape");
    await inspector.waitFor({ state: "detached" });
  });

  test("a run that is started here moves the road, and ends", async () => {
    await page.goto("/");
    await page.getByRole("button", { name: "Run", exact: true }).click();
    await page.getByRole("button", { name: /^All \d+ steps again$/ }).click();
    await page.getByRole("button", { name: "Stop" }).waitFor();
    await page.locator(".node.busy").first().waitFor();
    await page.getByRole("button", { name: "Run", exact: true }).waitFor();
    await page.getByRole("status").getByText("done").waitFor();
  });

  test("the model's page tells its metrics and its gates", async () => {
    await page.goto("/models/late-flights");
    await page.getByRole("region", { name: "Gates" }).getByText("holds").waitFor();
    expect(await page.getByRole("region", { name: "Versions" }).first().innerText()).toMatch(/champion\s+0\.9\d{3}/);
  });

  test("the form of the service gives a probability", async () => {
    await page.goto("/services/late-flights");
    await page.getByLabel("origin").fill("ORD");
    await page.getByRole("button", { name: "Predict", exact: true }).click();
    expect(await page.getByTestId("probability").innerText()).toMatch(/^\d+\.\d %$/);
  });

  test("Ctrl-K finds by a part of a name, and ? shows the keys", async () => {
    await page.goto("/");
    await page.getByRole("heading", { name: "flights", level: 1 }).waitFor();
    await page.keyboard.press("Control+k");
    await page.getByRole("combobox", { name: "Find" }).fill("destination_late");
    await page
      .getByRole("option", { name: /^destination_lateness_tiles/ })
      .first()
      .waitFor();
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "destination_lateness_tiles", level: 1 }).waitFor();
    await page.keyboard.press("?");
    await page.getByRole("dialog", { name: "Keys" }).getByText("Ctrl K").waitFor();
    await page.keyboard.press("Escape");
  });

  test("a query's answer, and its error with code and remedy", async () => {
    await page.goto("/sql");
    await page.getByRole("button", { name: "Run", exact: true }).click();
    await page.getByRole("region", { name: "Result" }).first().waitFor();
    await page.goto("/tables/nothing-of-this-name");
    const alert = page.getByRole("alert");
    await alert.getByText("lakehouse/unknown-table").waitFor();
    await alert.getByText("remedy").waitFor();
  });

  test.each(["light", "dark"] as const)("axe-core finds nothing serious in %s", async (theme) => {
    await page.emulateMedia({ colorScheme: theme, reducedMotion: "reduce" });
    const found: Record<string, readonly string[]> = {};
    for (const address of PAGES) {
      await page.goto(address);
      await page.getByRole("heading", { level: 1 }).waitFor();
      await page.locator(".shell[aria-busy=false]").waitFor();
      // What does not change with the colours is looked for once.
      const serious = await seriousFindings(page, theme === "dark" ? ["color-contrast"] : undefined);
      if (serious.length > 0) found[address] = serious;
    }
    expect(found).toEqual({});
  });

  test("nothing went wrong that only the browser's console tells", () => {
    expect(watched.errors()).toEqual([]);
  });
});

const PAGES = [
  "/",
  "/?node=monitor:late-flights-drift",
  "/?view=list",
  "/tables",
  "/tables/departures",
  "/models",
  "/models/late-flights",
  "/services",
  "/services/late-flights",
  "/monitors",
  "/monitors/late-flights-drift",
  "/sql",
  "/no/such/page",
];
