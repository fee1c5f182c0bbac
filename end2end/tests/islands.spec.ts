import { WEAK_PASSWORD, newPerson } from '../fixtures/app';
import {
  expectSignedIn,
  field,
  holdIslands,
  islands,
  press,
  signIn,
  submitRegistration,
  submitSignIn,
} from '../fixtures/pages';
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
  const release = await holdIslands(page);
  await page.goto('/login', { waitUntil: 'commit' });
  await submitSignIn(page, person);
  await expect(page).toHaveURL('/account', { timeout: 10_000 });
  release();
});

test('what was typed before the wasm arrives is looked at when it does', async ({ page }) => {
  const release = await holdIslands(page);
  await page.goto('/register', { waitUntil: 'commit' });
  const { email, password, firstName } = field(page);
  await email.fill('zoe');
  await password.fill(WEAK_PASSWORD);
  release();
  await islands(page);
  await expect(page.locator('[data-length]')).toHaveClass(/kept/);
  await expect(page.locator('.strength p')).toContainText('Easy to guess');
  await expect(email, 'it was left').toHaveAccessibleDescription('Enter an email address like name@example.com. Before the @ it cannot have umlauts or accents.');
  await expect(firstName).not.toHaveAttribute('aria-invalid');
});

test('nobody is corrected in the field that is being typed into when the wasm arrives', async ({ page }) => {
  const release = await holdIslands(page);
  await page.goto('/register', { waitUntil: 'commit' });
  const { email } = field(page);
  await email.fill('zoe');
  release();
  await islands(page);
  await expect(email).toBeFocused();
  await expect(page.locator('.field-error')).toHaveCount(0);
});

test('a code from before the wasm arrives is made readable, and waits for the button', async ({ page, person }) => {
  await signIn(page, person);
  const release = await holdIslands(page);
  await page.goto('/verify-email', { waitUntil: 'commit' });
  const { code } = field(page);
  await code.fill(' 123-456');
  let posts = 0;
  page.on('request', (request) => {
    if (request.method() === 'POST') posts += 1;
  });
  release();
  await islands(page);
  await expect(code).toHaveValue('123456');
  expect(posts).toBe(0);
  await expect(page).toHaveURL('/verify-email');
});
