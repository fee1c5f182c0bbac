import { defineConfig } from '@playwright/test';

import { baseURL, serverBinary, serverEnvironment } from './fixtures/server';

/** Files that speak HTTP alone, or are about scripts: once is enough. */
const ONCE = /(accessibility|api|forms_attack|headers|islands|readme|screenshots|tokens)\.spec\.ts/;

export default defineConfig({
  testDir: 'tests',
  outputDir: 'test-results/files',
  globalTeardown: './fixtures/teardown.ts',
  fullyParallel: true,
  workers: 2,
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
    trace: 'retain-on-failure',
    launchOptions: {
      executablePath: process.env.CHROMIUM_BIN || undefined,
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
      ],
    },
  },
  projects: [
    { name: 'js', use: { javaScriptEnabled: true } },
    { name: 'no-js', use: { javaScriptEnabled: false }, testIgnore: ONCE },
  ],
  webServer: {
    command: `exec '${serverBinary}' serve`,
    url: `${baseURL}/health/ready`,
    timeout: 30_000,
    reuseExistingServer: false,
    gracefulShutdown: { signal: 'SIGTERM', timeout: 10_000 },
    env: serverEnvironment as Record<string, string>,
  },
});
