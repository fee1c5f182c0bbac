import { type Page } from '@playwright/test';

import { newPerson } from '../fixtures/app';
import { execute } from '../fixtures/database';
import { startOwnServer } from '../fixtures/own_server';
import { expectSummary, field, islands, send } from '../fixtures/pages';
import { expect, test } from '../fixtures/test';

const NO_ADDRESS = 'Enter an email address like name@example.com. Before the @ it cannot have umlauts or accents.';

async function open(page: Page, path: string): Promise<void> {
  await page.goto(path);
  await islands(page);
}

test('a field is checked when it is left, and not before', async ({ page }) => {
  await open(page, '/register');
  const { email, password } = field(page);
  await email.pressSequentially('zoe');
  await expect(page.locator('.field-error'), 'nobody is corrected while typing').toHaveCount(0);
  await email.press('Tab');
  await expect(email).toHaveAttribute('aria-invalid', 'true');
  await expect(email).toHaveAccessibleDescription(NO_ADDRESS);

  await email.focus();
  await email.press('End');
  await email.pressSequentially('@example.or');
  await expect(email, 'the error ends with its reason').not.toHaveAttribute('aria-invalid');
  await expect(email).not.toHaveAttribute('aria-describedby');
  await expect(page.locator('.field-error')).toHaveCount(0);
  await email.press('Tab');
  await expect(page.locator('.field-error')).toHaveCount(0);
  await expect(password).toHaveAccessibleDescription(/At least 8 characters/);
});

test('an address with a wide at sign is no error', async ({ page }) => {
  const { email, password } = newPerson();
  await open(page, '/register');
  await field(page).email.fill(email.replace('@', '\uff20'));
  await field(page).email.press('Tab');
  await expect(field(page).email).not.toHaveAttribute('aria-invalid');
  // Nor does the server.
  await field(page).password.fill(password);
  await send(page, 'register');
  await expect(page).toHaveURL('/verify-email');
});

test('a field that must not be empty says so when it is left for the next one', async ({ page }) => {
  await open(page, '/register');
  const { email } = field(page);
  await email.focus();
  await email.press('Tab');
  await expect(email).toHaveAccessibleDescription('Enter your email address.');
  await email.pressSequentially('z');
  await expect(email, 'it is not empty any more').not.toHaveAttribute('aria-invalid');
  await email.press('Tab');
  await expect(email).toHaveAccessibleDescription(NO_ADDRESS);
});

test('who clicks away to a link or button is not held up', async ({ page }) => {
  await open(page, '/register');
  await field(page).email.focus();
  await page.getByRole('link', { name: 'Sign in' }).first().click();
  await expect(page).toHaveURL('/login');
  await field(page).email.focus();
  await page.getByRole('button', { name: 'Show password' }).click();
  await expect(page.locator('.field-error')).toHaveCount(0);
  await expect(field(page).password).toHaveAttribute('type', 'text');
});

test('what the server said goes when it is put right, and its answer stays the truth', async ({ page, person }) => {
  await open(page, '/register');
  await send(page, 'register');
  await expectSummary(page, 'Enter your email address.', 'Enter a password.');
  await islands(page);
  const { email, password } = field(page);
  await expect(email).toHaveAttribute('aria-invalid', 'true');
  await email.fill(person.email);
  await expect(email).not.toHaveAttribute('aria-invalid');
  await expect(password, 'each field for itself').toHaveAttribute('aria-invalid', 'true');
  await password.fill(person.password);
  await expect(password).not.toHaveAttribute('aria-invalid');
  await expect(password).toHaveAccessibleDescription(/^At least 8 characters/);

  await send(page, 'register');
  await expectSummary(page, 'This address already has an account.');
  await islands(page);
  await email.press('End');
  await email.pressSequentially('x');
  await expect(email, 'only the server knows about this').toHaveAttribute('aria-invalid', 'true');
});

test('the id of a request that failed can be copied', async ({ page, context, watch }) => {
  watch.expectStatus(500);
  const server = await startOwnServer({ VESTIBULE_LOG: 'off' });
  try {
    await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: server.origin });
    await page.goto(`${server.origin}/register`);
    execute(server.database, 'alter table mailed_links rename to lost');
    const answer = await page.goto(`${server.origin}/verify-email?token=nonsense`);
    expect(answer?.status()).toBe(500);
    const id = answer!.headers()['x-request-id']!;
    await expect(page.getByText(id)).toBeVisible();
    const copy = page.getByRole('button', { name: 'Copy' });
    const [button, column] = [await copy.boundingBox(), await page.locator('main .footnote').boundingBox()];
    expect(button!.x + button!.width, 'it stays in its column').toBeLessThanOrEqual(column!.x + column!.width);
    await copy.click();
    await expect(page.getByRole('status')).toHaveText('Copied');
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(id);
  } finally {
    await server.stop();
  }
});
