import { join } from "node:path";
import type { Browser, Page } from "playwright-core";

const looks = {
  light: { width: 1_360, height: 850, colorScheme: "light" },
  dark: { width: 1_360, height: 850, colorScheme: "dark" },
  narrow: { width: 390, height: 844, colorScheme: "light" },
} as const;

export interface Subject {
  readonly address: string;
  /** Not also in dark: the pictures are kept in the repository. */
  readonly light?: boolean;
  readonly prepare?: (page: Page) => Promise<void>;
}

interface Pictures {
  readonly controlPort: number;
  readonly subjects: Readonly<Record<string, Subject>>;
  readonly folder: string;
  /** Those that are asked for; all where there are none. */
  readonly asked: readonly string[];
}

/** Takes pictures of a project's console in every look, and answers their paths. */
export async function takePictures(browser: Browser, pictures: Pictures): Promise<readonly string[]> {
  const paths: string[] = [];
  for (const look of Object.keys(looks)) paths.push(...(await take(browser, look as keyof typeof looks, pictures)));
  return paths;
}

async function take(
  browser: Browser,
  look: keyof typeof looks,
  { controlPort, subjects, folder, asked }: Pictures,
): Promise<readonly string[]> {
  const { colorScheme, ...viewport } = looks[look];
  const context = await browser.newContext({
    baseURL: `http://127.0.0.1:${controlPort}`,
    viewport,
    colorScheme,
    reducedMotion: "reduce",
  });
  const page = await context.newPage();
  const paths: string[] = [];
  for (const [name, { address, prepare, light }] of Object.entries(subjects)) {
    if (asked.length > 0 && !asked.includes(name)) continue;
    if (light === true && look === "dark") continue;
    await page.goto(address);
    await page.locator(".shell[aria-busy=false]").waitFor();
    await page.evaluate("document.fonts.ready");
    await prepare?.(page);
    // Charts are drawn in the frame after their code has come.
    await page.waitForTimeout(400);
    const path = join(folder, `${name}-${look}.png`);
    await page.screenshot({ path });
    paths.push(path);
  }
  await context.close();
  return paths;
}
