import { type Locator, type Page } from '@playwright/test';

import { OTHER_PASSWORD, PASSWORD, WEAK_PASSWORD } from '../fixtures/app';
import { field, islands, signIn } from '../fixtures/pages';
import { expect, test } from '../fixtures/test';

const FUNCTION = '**/_fn/password_strength';

/** What the meter shows and says. */
function meterOf(page: Page): { bar: Locator; text: Locator } {
  const box = page.locator('.strength');
  return { bar: box.locator('meter'), text: box.locator('p') };
}

async function open(page: Page, path: string): Promise<void> {
  await page.goto(path);
  await islands(page);
}

test('a new password is rated while it is typed', async ({ page }) => {
  await open(page, '/register');
  const { bar, text } = meterOf(page);
  const { password } = field(page);
  await expect(bar).toBeHidden();
  await expect(text).toBeEmpty();
  await expect(text).toHaveAttribute('aria-live', 'polite');

  await password.fill('r9$kQz!');
  await expect(text).toHaveText('Too short: use at least 8 characters.');
  await password.fill('PassWord1');
  await expect(text).toContainText('leaked');
  await password.fill(WEAK_PASSWORD);
  await expect(text).toContainText('Easy to guess');
  await expect(bar).toHaveAttribute('value', '0');
  await password.fill(PASSWORD);
  await expect(text).toContainText('ard to guess');
  await expect(bar).toBeVisible();
  await expect(bar).toHaveAttribute('value', /[34]/);
  await expect(bar).toHaveAccessibleName('Password strength');

  await password.fill('');
  await expect(text).toBeEmpty();
  await expect(bar).toBeHidden();
});

test('the length is marked as soon as it is reached', async ({ page }) => {
  await open(page, '/register');
  const rule = page.locator('[data-length]');
  await expect(rule).toHaveText('At least 8 characters.');
  await field(page).password.pressSequentially('1234567');
  await expect(rule).not.toHaveClass(/kept/);
  await field(page).password.press('8');
  await expect(rule).toHaveClass(/kept/);
  await field(page).password.press('Backspace');
  await expect(rule).not.toHaveClass(/kept/);
});

test('name and address of the form count', async ({ page }) => {
  await open(page, '/register');
  const { text } = meterOf(page);
  await field(page).password.fill('Quorzimble-2026!');
  await expect(text).toContainText('ard to guess');
  await field(page).lastName.fill('Quorzimble');
  await expect(text, 'the rating is asked for again').toContainText('Easy to guess');
});

test('the meter asks once a pause, and never in an address', async ({ page }) => {
  const asked: string[] = [];
  page.on('request', (request) => {
    if (request.url().includes('password_strength')) asked.push(`${request.method()} ${request.url()}`);
  });
  await open(page, '/register');
  await field(page).password.pressSequentially(PASSWORD, { delay: 20 });
  await expect(meterOf(page).text).toContainText('ard to guess');
  expect(asked.length).toBeLessThanOrEqual(2);
  expect(asked.every((line) => /^POST .*\/_fn\/password_strength$/.test(line))).toBe(true);
});

test('the password of an account is changed with a meter too', async ({ page, person }) => {
  await signIn(page, person);
  await open(page, '/account/password');
  await field(page).newPassword.fill(person.email);
  await expect(meterOf(page).text, 'its own address').toContainText('Easy to guess');
  await field(page).newPassword.fill(OTHER_PASSWORD);
  await expect(meterOf(page).text).toContainText('ard to guess');
});

test('an existing password is not rated', async ({ page }) => {
  await open(page, '/login');
  await expect(page.locator('meter')).toHaveCount(0);
});

test('who is refused sees nothing of it', async ({ page, watch }) => {
  watch.expectStatus(429);
  watch.expectMessage(/ERR_FAILED/);
  await open(page, '/register');
  const { bar, text } = meterOf(page);
  await field(page).password.fill(WEAK_PASSWORD);
  await expect(text).toContainText('Easy to guess');

  const refused = page.waitForResponse(FUNCTION);
  await page.route(FUNCTION, (route) =>
    route.fulfill({ status: 429, json: { ok: false, code: 'rate_limited', score: 0 } }),
  );
  await field(page).password.fill(PASSWORD);
  await refused;
  await expect(text).toBeEmpty();
  await expect(bar).toBeHidden();

  await page.unroute(FUNCTION);
  const failed = page.waitForEvent('requestfailed', (request) => request.url().includes('password_strength'));
  await page.route(FUNCTION, (route) => route.abort());
  await field(page).password.fill(OTHER_PASSWORD);
  await failed;
  await expect(text).toBeEmpty();
});

test.describe('in German', () => {
  test.use({ locale: 'de-DE' });

  test('the meter speaks the language of the page', async ({ page }) => {
    await open(page, '/register');
    await field(page).password.fill(WEAK_PASSWORD);
    await expect(meterOf(page).text).toContainText('Leicht zu erraten');
    await page.getByRole('button', { name: 'Passwort anzeigen' }).click();
    await expect(page.getByRole('button', { name: 'Passwort verbergen' })).toHaveText('Verbergen');
  });
});
