import AxeBuilder from "@axe-core/playwright";
import { chromium, type Browser, type Page } from "playwright-core";

/** Chromium without a window. The sandbox cannot be had by root, and in most containers shared memory is small. */
export function openBrowser(executablePath: string): Promise<Browser> {
  const isRoot = process.getuid?.() === 0;
  return chromium.launch({ executablePath, args: ["--disable-dev-shm-usage", ...(isRoot ? ["--no-sandbox"] : [])] });
}

export interface Watched {
  readonly page: Page;
  /** What the browser's own console said that is no mere word: errors, refusals by the policy, exceptions. */
  errors(): readonly string[];
}

interface WatchedOptions {
  readonly origin: string;
  readonly width?: number;
  readonly height?: number;
}

/** A page of one origin, and everything that goes wrong in it. */
export async function watchedPage(
  browser: Browser,
  { origin, width = 1_440, height = 900 }: WatchedOptions,
): Promise<Watched> {
  const context = await browser.newContext({ baseURL: origin, viewport: { width, height } });
  context.setDefaultTimeout(60_000);
  const page = await context.newPage();
  const errors: string[] = [];
  page.on("pageerror", (error) => errors.push(`${page.url()}: ${error.message}`));
  page.on("console", (message) => {
    // A refused request is shown on the page; the browser tells it once more.
    const isRefusal = message.text().startsWith("Failed to load resource");
    if ((message.type() === "error" || message.type() === "warning") && !isRefusal)
      errors.push(`${page.url()}: ${message.text()}`);
  });
  return { page, errors: () => errors };
}

/** What axe-core finds on a page of weight serious or critical, each with the first place where. */
export async function seriousFindings(page: Page, rules?: string[]): Promise<readonly string[]> {
  const axe = new AxeBuilder({ page });
  const { violations } = await (rules === undefined ? axe : axe.withRules(rules)).analyze();
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, nodes }) => `${id}: ${nodes.length} × ${nodes[0]?.html ?? ""}`.slice(0, 300));
}
