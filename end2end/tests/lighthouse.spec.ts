import { chromium } from '@playwright/test';
import lighthouse, { type Flags } from 'lighthouse';

import { freePort } from '../fixtures/own_server';
import { expect, test } from '../fixtures/test';

/** The pages that anybody can open. */
const PAGES = [
  '/login',
  '/register',
  '/verify-email',
  '/forgot-password',
  '/reset-password',
  '/revert-email',
  '/restore-account',
  '/nowhere',
];

/** On a telephone, as Lighthouse does by itself. */
const FLAGS: Flags = {
  output: 'json',
  logLevel: 'error',
  onlyCategories: ['accessibility', 'best-practices'],
  disableFullPageScreenshot: true,
  // One page is about a status that is no 200.
  ignoreStatusCode: true,
  // Nothing here is about speed: the connection is as it is (a slow one would only be calculated), and a page is done
  // when it says so.
  throttlingMethod: 'simulate',
  pauseAfterFcpMs: 0,
  pauseAfterLoadMs: 250,
  networkQuietThresholdMs: 250,
  cpuQuietThresholdMs: 0,
};

for (const path of PAGES) {
  test(`Lighthouse finds nothing on ${path}`, async ({ baseURL, launchOptions }) => {
    // It takes over the whole browser, so that it gets one of its own.
    const port = await freePort();
    const args = [...(launchOptions.args ?? []), `--remote-debugging-port=${port}`];
    const browser = await chromium.launch({ ...launchOptions, args });
    // That the browser notes the status of a page which is not there is the point of that page.
    const skipAudits = path === '/nowhere' ? ['errors-in-console'] : [];
    const result = await lighthouse(baseURL + path, { ...FLAGS, port, skipAudits });
    await browser.close();

    expect(result?.lhr.runtimeError).toBeUndefined();
    const { categories, audits } = result!.lhr;
    const violations = Object.values(audits).filter(({ score }) => score !== null && score < 1);
    const scores = Object.values(categories).map(({ id, score }) => [id, score]);
    expect(scores, JSON.stringify(violations, undefined, 1)).toEqual([
      ['accessibility', 1],
      ['best-practices', 1],
    ]);
  });
}
