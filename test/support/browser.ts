import { existsSync } from 'node:fs';
import axe from 'axe-core';
import { type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { onTestFinished, type TestContext } from 'vitest';

/** Debian's package, or what the machines of GitHub have. */
const EXECUTABLES = ['/usr/bin/chromium', '/usr/bin/google-chrome'];

/** Nothing but the pages of the test: Chromium asks no server of its makers. */
const ARGUMENTS = [
  ...['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
  ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
];

/** What was wrong on a page. */
export interface Complaints {
  /** Errors and warnings in the console, exceptions, and requests that failed: those since the last call. */
  readonly take: () => string[];
}

/**
 * Opens a page in Chromium for the running test. Without Chromium the test is skipped, but not in the continuous integration:
 * there a missing Chromium is a failure.
 */
export async function usePage(
  skip: TestContext['skip'],
  options: BrowserContextOptions = {},
): Promise<{ page: Page; complaints: Complaints }> {
  const executablePath = EXECUTABLES.find((path) => existsSync(path));
  if (executablePath === undefined) {
    const reason = `There is no browser at ${EXECUTABLES.join(' or ')}. Install Chromium (Debian: apt-get install chromium) to run this test.`;
    if (process.env.CI) throw new Error(reason);
    skip(reason);
  }
  const browser = await chromium.launch({ executablePath, args: ARGUMENTS });
  onTestFinished(() => browser.close());
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const list: string[] = [];
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) list.push(`${message.type()}: ${message.text()}`);
  });
  page.on('pageerror', (error) => list.push(`exception: ${error.message}`));
  page.on('requestfailed', (request) => {
    const why = request.failure()?.errorText ?? '';
    // The browser gives up what a page still loads when it goes to the next one.
    if (why !== 'net::ERR_ABORTED') list.push(`failed: ${request.method()} ${request.url()}: ${why}`);
  });
  return { page, complaints: { take: () => list.splice(0) } };
}

/** What axe finds wrong on the page as it is, light and dark: one line for each rule and place. */
export async function findAccessibilityProblems(page: Page): Promise<string[]> {
  const problems: string[] = [];
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    // The policy of the page forbids inline scripts, but not the browser's own tools.
    await page.evaluate(axe.source);
    const violations = await page.evaluate(async () => (await window.axe.run()).violations);
    problems.push(
      ...violations.flatMap(({ id, nodes }) =>
        nodes.map(({ target }) => `${colorScheme}: ${id} at ${target.join(' ')}`),
      ),
    );
  }
  return problems;
}

declare const window: { readonly axe: typeof axe };
