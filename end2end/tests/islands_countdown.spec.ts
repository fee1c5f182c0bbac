import { type Page } from '@playwright/test';

import { newPerson } from '../fixtures/app';
import { field, send } from '../fixtures/pages';
import { expect, test } from '../fixtures/test';

/** Tries until the account's limit is reached. */
async function exhaust(page: Page, origin: string): Promise<void> {
  const email = newPerson().email;
  for (let attempt = 0; attempt < 10; attempt += 1) {
    const form = { email, password: 'not the password' };
    await page.request.post(`${origin}/_fn/sign_in`, { form, headers: { origin }, maxRedirects: 0 });
  }
  await page.goto(`${origin}/login`);
  await field(page).email.fill(email);
  await field(page).password.fill('not the password');
  await send(page, 'sign_in');
}

test('a waiting time counts down, and its end is said politely', async ({ page, limitedServer }) => {
  await page.clock.install();
  await exhaust(page, limitedServer.origin);
  const clock = page.getByRole('timer');
  await expect(page.getByRole('alert')).toContainText('Too many attempts. Try again in');
  await expect(page.locator('html')).toHaveAttribute('data-islands', 'on');
  await expect(clock).toHaveText(/^[56]\d seconds$/);
  const start = Number.parseInt(await clock.innerText(), 10);
  await page.clock.runFor(10_000);
  const later = Number.parseInt(await clock.innerText(), 10);
  expect(start - later).toBeGreaterThanOrEqual(9);
  expect(start - later).toBeLessThanOrEqual(11);
  await expect(page.getByRole('link', { name: 'reset your password' })).toBeVisible();

  await page.clock.runFor((later - 1) * 1000);
  await expect(clock).toHaveText(/^[12] seconds?$/);
  await page.clock.runFor(3000);
  const status = page.getByRole('status').filter({ hasText: 'You can try again now.' });
  await expect(status).toBeVisible();
  await expect(page.getByRole('alert')).toHaveCount(0);
  await expect(clock).toHaveCount(0);
});

test.describe('without scripts', () => {
  test.use({ javaScriptEnabled: false });

  test('the waiting time stands in the text', async ({ page, limitedServer }) => {
    await exhaust(page, limitedServer.origin);
    await expect(page.getByRole('alert')).toContainText(/Try again in \d+ seconds, or reset your password\./);
  });
});
