import { defineConfig, devices } from '@playwright/test';

import { baseURL, webServers } from './fixtures/server';

/** Files that speak HTTP alone: once is enough. */
const HTTP = /(api|forms_attack|headers|readme|tokens)\.spec\.ts/;
/** Files about how pages look, read and feel. They bring their own sizes, and no database makes a difference to them. */
const LOOKS = /(autocomplete|emulation|islands\w*|keyboard|languages|lighthouse|mailbox|performance|states|zoom)\.spec\.ts/;
/** Files about two requests that meet, with scripts and without, on one server and on two. */
const MEETINGS = /(sent_twice|two_tabs)\.spec\.ts/;
const hasLooks = process.env.E2E_LOOKS !== 'off';

const laptop = { viewport: { width: 1280, height: 800 } };
/** A small telephone. Its name says what people see in the list of their devices. */
const phone = {
  viewport: { width: 360, height: 640 },
  deviceScaleFactor: 2,
  isMobile: true,
  hasTouch: true,
  userAgent: devices['Pixel 5'].userAgent,
};
const noScripts = { javaScriptEnabled: false };
const flow = { testIgnore: [HTTP, LOOKS], grepInvert: /@once/ };

export default defineConfig({
  testDir: 'tests',
  outputDir: 'test-results/files',
  globalTeardown: './fixtures/teardown.ts',
  fullyParallel: true,
  // More than cores: each waits for mails, networks and pictures more than it computes.
  workers: 3,
  retries: 0,
  forbidOnly: !!process.env.CI,
  // Generous, since the machine may be busy with a build: only failures take this long.
  timeout: 60_000,
  expect: { timeout: 10_000 },
  reporter: [['list'], ['json', { outputFile: 'test-results/report.json' }]],
  use: {
    baseURL,
    locale: 'en-GB',
    screenshot: 'only-on-failure',
    trace: { mode: 'retain-on-failure', screenshots: false, sources: false },
    launchOptions: {
      executablePath: process.env.CHROMIUM_BIN || undefined,
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        // A name that the server does not answer to, and that no resolver knows.
        '--host-resolver-rules=MAP elsewhere.example 127.0.0.1',
      ],
    },
  },
  // Four ways to walk the flows. What is no flow is tested in the first one alone: files by their names, tests by @once.
  projects: [
    { name: 'js-laptop', use: laptop, testIgnore: hasLooks ? [] : LOOKS },
    { name: 'js-phone', use: phone, ...flow },
    { name: 'no-js-laptop', use: { ...laptop, ...noScripts }, ...flow },
    { name: 'no-js-phone', use: { ...phone, ...noScripts }, ...flow },
    // Where only one of the ways is walked: what has to hold in the other one too.
    { name: 'js-laptop-short', use: laptop, testMatch: [HTTP, MEETINGS] },
    { name: 'no-js-phone-short', use: { ...phone, ...noScripts }, testMatch: MEETINGS },
  ],
  webServer: webServers,
});
