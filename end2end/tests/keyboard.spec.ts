import { type Page } from '@playwright/test';

import { OTHER_PASSWORD, newPerson } from '../fixtures/app';
import { focused, tabTo, walk } from '../fixtures/keyboard';
import { MAILS } from '../fixtures/mailbox';
import { expectConfirmed, expectNotice, expectSignedOut, expectSummary } from '../fixtures/pages';
import { expect, test } from '../fixtures/test';

/** Tabs to a field and types into it. */
async function type(page: Page, label: string | RegExp, text: string): Promise<void> {
  await tabTo(page, label);
  await page.keyboard.type(text);
}

async function activate(page: Page, name: string | RegExp): Promise<void> {
  await tabTo(page, name);
  await page.keyboard.press('Enter');
}

// A mouse is never moved here, and nothing gets the focus but by keys.
test('from registration to the second sign-in by keyboard alone', async ({ page, mailbox }) => {
  const person = newPerson();
  await page.goto('/login');
  await activate(page, 'Create an account');
  await expect(page).toHaveURL('/register');

  await type(page, /^First name/, 'Zoë');
  await type(page, 'Email address', person.email);
  await type(page, 'Password', 'short');
  await page.keyboard.press('Enter');
  await expectSummary(page);
  // The summary has the focus; its link leads to the field.
  await tabTo(page, /at least 8 characters/);
  await page.keyboard.press('Enter');
  expect((await focused(page))?.name).toBe('Password');
  await page.keyboard.type(person.password);
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL('/verify-email');

  const { code } = await mailbox.newest(person.email, MAILS.confirm);
  await type(page, 'Code', code!);
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL('/account');
  await expectConfirmed(page, true);

  await activate(page, 'Name');
  await expect(page).toHaveURL('/account/profile');
  await tabTo(page, /^First name/);
  await page.keyboard.press('ControlOrMeta+A');
  await page.keyboard.type('Zora');
  await activate(page, 'Save');
  await expectNotice(page, 'Your name is saved.');

  await activate(page, 'Sign out');
  await expect(page).toHaveURL('/login');
  await expectSignedOut(page);
  await type(page, 'Email address', person.email);
  await type(page, 'Password', person.password);
  await tabTo(page, /^Keep me signed in/);
  await page.keyboard.press('Space');
  await activate(page, 'Sign in');
  await expect(page).toHaveURL('/account');
});

test('a new password by a mailed link, by keyboard alone', async ({ page, person, mailbox }) => {
  await page.goto('/login');
  await activate(page, 'Forgot your password?');
  await expect(page).toHaveURL('/forgot-password');
  await type(page, 'Email address', person.email);
  await page.keyboard.press('Enter');
  await expectNotice(page, 'Check your inbox');

  await page.goto((await mailbox.newest(person.email, MAILS.reset)).link);
  await type(page, 'New password', 'short');
  await page.keyboard.press('Enter');
  await expectSummary(page);
  await activate(page, /at least 8 characters/);
  expect((await focused(page))?.name).toBe('New password');
  await page.keyboard.type(OTHER_PASSWORD);
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL('/login');
  await expectNotice(page, 'Your password was changed');
});

test('the account is deleted by keyboard alone, and comes back', async ({ page, person, mailbox }) => {
  await page.request.post('/_fn/sign_in', { form: { ...person }, maxRedirects: 0 });
  await page.goto('/account/delete');
  // The navigation has a link of the same name as the button, which follows the box.
  await tabTo(page, 'Yes, delete my account');
  await activate(page, 'Delete account');
  await expectSummary(page);
  await tabTo(page, 'Yes, delete my account');
  await page.keyboard.press('Space');
  await activate(page, 'Delete account');
  await expect(page).toHaveURL('/login');
  await expectNotice(page, 'Your account will be deleted');

  await page.goto((await mailbox.newest(person.email, MAILS.deletionScheduled)).link);
  await activate(page, 'Keep my account');
  await expect(page).toHaveURL('/login');
  await expectNotice(page, 'Your account stays');
});

test('the first stop skips to the content', async ({ page, person }) => {
  await page.request.post('/_fn/sign_in', { form: { ...person }, maxRedirects: 0 });
  await page.goto('/account/profile');
  await page.keyboard.press('Tab');
  expect(await focused(page)).toMatchObject({ name: 'Skip to content', isMarked: true, isCovered: false });
  await page.keyboard.press('Enter');
  await page.keyboard.press('Tab');
  expect((await focused(page))?.name, 'the links to the other pages are skipped').toMatch(/^First name/);
  await page.goto('/logout');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('main')).toBeFocused();
});

test.describe('on a telephone without scripts', () => {
  test.use({ viewport: { width: 360, height: 640 }, javaScriptEnabled: false });

  test('the pages of the account are one row, which begins at the page that is shown', async ({ page, person }) => {
    await page.request.post('/_fn/sign_in', { form: { ...person }, maxRedirects: 0 });
    const pages = page.getByRole('navigation', { name: 'Account pages' });
    for (const path of ['', '/profile', '/email', '/password', '/sessions', '/activity', '/delete']) {
      await page.goto(`/account${path}`);
      const rows = await pages.getByRole('link').evaluateAll((links) => links.map((it) => it.getBoundingClientRect().top));
      expect(new Set(rows).size, `rows at ${path}`).toBe(1);
      // Less than the whole by the fraction of a pixel.
      await expect(pages.locator('[aria-current]'), path).toBeInViewport({ ratio: 0.99 });
    }
    await page.goto('/account');
    await tabTo(page, 'Delete account');
    await expect(pages.getByRole('link', { name: 'Delete account' })).toBeInViewport({ ratio: 0.99 });
  });
});

test('sign-in is walked in the order in which it is read', async ({ page }) => {
  await page.goto('/login');
  const names = (await walk(page)).map(({ name }) => name);
  const order = ['Skip to content', 'Email address', 'Password', 'Sign in', 'Create an account', 'Deutsch'];
  const places = order.map((name) => names.indexOf(name));
  expect(places, names.join(', ')).not.toContain(-1);
  expect(places, names.join(', ')).toEqual([...places].sort((one, other) => one - other));
});
