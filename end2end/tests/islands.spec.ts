import { newPerson } from '../fixtures/app';
import { expectSignedIn, field, press, submitRegistration, submitSignIn } from '../fixtures/pages';
import { expect, test } from '../fixtures/test';

test('the password can be shown and is hidden again', async ({ page, person }) => {
  await page.goto('/login');
  const { password } = field(page);
  const show = page.getByRole('button', { name: 'Show password' });
  const hide = page.getByRole('button', { name: 'Hide password' });
  await expect(show).toHaveAttribute('aria-pressed', 'false');
  await password.fill(person.password);
  await show.click();
  await expect(password).toHaveAttribute('type', 'text');
  await expect(hide).toHaveAttribute('aria-pressed', 'true');
  await hide.click();
  await expect(password).toHaveAttribute('type', 'password');
  await expect(password).toHaveValue(person.password);
  await expect(show).toHaveAttribute('type', 'button');
});

test('a password that is shown goes out like a hidden one', async ({ page }) => {
  const person = newPerson();
  await page.goto('/register');
  await page.getByRole('button', { name: 'Show password' }).click();
  await expect(field(page).password).toHaveAttribute('type', 'text');
  await field(page).email.fill(person.email);
  await field(page).password.fill(person.password);
  await press(page, 'Create account');
  await expectSignedIn(page, person);
});

test('forms work without the wasm', async ({ page, person, watch }) => {
  watch.expectMessage(/ERR_FAILED|Failed to fetch|wasm/i);
  await page.route('**/*.wasm', (route) => route.abort());
  await page.goto('/login');
  await expect(page.getByRole('button', { name: 'Show password' })).toBeHidden();
  await submitSignIn(page, person);
  await expect(page).toHaveURL('/account');
});

test('forms work without any script', async ({ page, watch }) => {
  watch.expectMessage(/ERR_FAILED|Failed to fetch dynamically imported module/);
  await page.route('**/*.{js,wasm}', (route) => route.abort());
  const person = newPerson();
  await submitRegistration(page, person);
  await expectSignedIn(page, person);
});

test('forms can be sent before the wasm arrives', async ({ page, person }) => {
  let release = () => {};
  const held = new Promise<void>((resolve) => (release = resolve));
  await page.route('**/*.wasm', async (route) => {
    await held;
    await route.continue().catch(() => {});
  });
  await page.goto('/login', { waitUntil: 'commit' });
  await submitSignIn(page, person);
  await expect(page).toHaveURL('/account', { timeout: 10_000 });
  release();
});
