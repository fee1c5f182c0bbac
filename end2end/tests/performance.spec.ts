import { writeFileSync } from 'node:fs';

import { type Browser, type CDPSession } from '@playwright/test';

import { startOwnServer } from '../fixtures/own_server';
import { serverOrigin } from '../fixtures/server';
import { expect, test } from '../fixtures/test';

/** Until the form can be sent: the document and all that blocks its display. */
const FORM = { requests: 3, bytes: 20_000 };
/** Until its islands are alive. */
const WITH_ISLANDS = { bytes: 80_000 };
/** In times of what a text of a few lines takes in the same run: how busy the machine is does not count. */
const LARGEST_PAINT = 3;

/** Lighthouse's slow 4G, in milliseconds a request and bytes a second. */
const SLOW_4G = { offline: false, latency: 150, downloadThroughput: (1.6e6 / 8) | 0, uploadThroughput: (750e3 / 8) | 0 };
const CPU_SLOWDOWN = 4;
const LOADS = 5;

interface Load {
  /** What each request took from the wire, head and body, by its address. */
  bytes: Map<string, number>;
  /** The addresses of what blocks the first display, beside the document. */
  blocking: string[];
  largestPaint: number;
}

/** Adds up what comes over the wire, until the page is put away. */
async function countBytes(session: CDPSession): Promise<Map<string, number>> {
  const addresses = new Map<string, string>();
  const bytes = new Map<string, number>();
  session.on('Network.requestWillBeSent', ({ requestId, request }) => {
    // The icon is a part of the document.
    if (!request.url.startsWith('data:')) addresses.set(requestId, request.url);
  });
  session.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
    const address = addresses.get(requestId);
    if (address) bytes.set(address, (bytes.get(address) ?? 0) + encodedDataLength);
  });
  await session.send('Network.enable');
  return bytes;
}

/** A first visit with a slow telephone on a slow line. */
async function load(browser: Browser, address: string, hasIslands = true): Promise<Load> {
  const context = await browser.newContext();
  const page = await context.newPage();
  const session = await context.newCDPSession(page);
  const bytes = await countBytes(session);
  await session.send('Network.setCacheDisabled', { cacheDisabled: true });
  await session.send('Network.emulateNetworkConditions', SLOW_4G);
  await session.send('Emulation.setCPUThrottlingRate', { rate: CPU_SLOWDOWN });
  await page.goto(address);
  if (hasIslands) await expect(page.locator('html')).toHaveAttribute('data-islands', 'on');
  const { blocking, largestPaint } = await page.evaluate(async () => {
    type Resource = PerformanceResourceTiming & { renderBlockingStatus: string };
    const resources = performance.getEntriesByType('resource') as Resource[];
    const largestPaint = await new Promise<number>((resolve) => {
      const observer = new PerformanceObserver((list) => resolve(list.getEntries().at(-1)!.startTime));
      observer.observe({ type: 'largest-contentful-paint', buffered: true });
    });
    const blocking = resources.filter((resource) => resource.renderBlockingStatus === 'blocking');
    return { blocking: blocking.map(({ name }) => name), largestPaint };
  });
  await context.close();
  return { bytes, blocking, largestPaint };
}

/** Measures, prints, and compares with the limits. */
async function weigh(browser: Browser, origin: string, what: string): Promise<Load> {
  const address = `${origin}/login`;
  // The first one warms up the server and the browser, and is not counted.
  await load(browser, address);
  const loads: Load[] = [];
  const texts: Load[] = [];
  while (loads.length < LOADS) {
    loads.push(await load(browser, address));
    texts.push(await load(browser, `${origin}/robots.txt`, false));
  }

  const { bytes, blocking } = loads[0]!;
  const sum = (addresses: string[]) => addresses.reduce((total, it) => total + (bytes.get(it) ?? Number.NaN), 0);
  const form = [address, ...blocking];
  const formBytes = sum(form);
  const allBytes = sum([...bytes.keys()]);
  const best = (all: Load[]) => Math.round(Math.min(...all.map(({ largestPaint }) => largestPaint)));
  const ratio = best(loads) / best(texts);
  const lines = [
    `form: ${form.length} requests (limit ${FORM.requests}), ${formBytes} bytes (limit ${FORM.bytes})`,
    `with islands: ${bytes.size} requests, ${allBytes} bytes (limit ${WITH_ISLANDS.bytes})`,
    `Largest Contentful Paint: ${best(loads)} ms, ${ratio.toFixed(2)} times a text of a few lines (limit ${LARGEST_PAINT})`,
    ...[...bytes].map(([it, size]) => `${form.includes(it) ? 'form' : 'late'} ${size} ${new URL(it).pathname}`),
  ];
  for (const line of lines) {
    test.info().annotations.push({ type: what, description: line });
    console.log(`    ${what}: ${line}`);
  }

  expect.soft(form.length, 'requests until the form works').toBeLessThanOrEqual(FORM.requests);
  expect.soft(formBytes, 'bytes until the form works').toBeLessThanOrEqual(FORM.bytes);
  expect.soft(allBytes, 'bytes with islands').toBeLessThanOrEqual(WITH_ISLANDS.bytes);
  expect.soft(ratio, 'Largest Contentful Paint').toBeLessThan(LARGEST_PAINT);
  return loads[0]!;
}

// Traces would take the time that is measured.
test.use({ trace: 'off' });

test('sign-in is light and quick on a slow line', async ({ browser }) => {
  const { blocking, bytes } = await weigh(browser, serverOrigin, 'sign-in');
  expect(blocking.map((it) => new URL(it).pathname)).toEqual([expect.stringMatching(/\/vestibule\.css$/)]);
  expect([...bytes.keys()].some((it) => it.endsWith('.wasm')), 'the islands are counted').toBe(true);
});

test('so it is with a colour and a logo of its own', async ({ browser }, testInfo) => {
  const logo = testInfo.outputPath('logo.svg');
  writeFileSync(
    logo,
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><circle cx="16" cy="16" r="14" fill="#7a1fa2"/></svg>',
  );
  const server = await startOwnServer({ VESTIBULE_ACCENT: '#7a1fa2', VESTIBULE_LOGO: logo });
  try {
    const { blocking, bytes } = await weigh(browser, server.origin, 'sign-in with a brand');
    expect(blocking.some((it) => it.endsWith('/theme.css')), 'the colours are counted').toBe(true);
    expect([...bytes.keys()].some((it) => it.endsWith('/logo.svg')), 'the logo is there').toBe(true);
    expect(blocking.some((it) => it.endsWith('/logo.svg')), 'the logo blocks nothing').toBe(false);
  } finally {
    await server.stop();
  }
});
