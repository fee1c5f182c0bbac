import { OTHER_PASSWORD, WEAK_PASSWORD, uniqueEmail } from '../fixtures/app';
import { MAILS } from '../fixtures/mailbox';
import {
  expectFieldError,
  expectHeading,
  expectNotice,
  expectSignedOut,
  expectSummary,
  field,
  linkPage,
  press,
  requestReset,
  setPassword,
  signIn,
} from '../fixtures/pages';
import { expect, test } from '../fixtures/test';
import { saidOn } from '../fixtures/words';

test('forget the password, set a new one, sign in with it', async ({ page, otherPage, person, mailbox }) => {
  await signIn(otherPage, person);
  await page.goto('/login');
  await page.getByRole('link', { name: /forgot/i }).click();
  await expect(page).toHaveURL('/forgot-password');
  await field(page).email.fill(person.email);
  await press(page, 'Send the link');
  await expectNotice(page, 'Check your inbox');

  const { link } = await mailbox.newest(person.email, MAILS.reset);
  await page.goto(link);
  await expect(page, 'the token leaves the address bar').toHaveURL(linkPage('/reset-password'));
  await setPassword(page, OTHER_PASSWORD);
  await expect(page).toHaveURL('/login');
  await expectNotice(page, 'Your password was changed');

  await expectSignedOut(otherPage);
  await signIn(page, { ...person, password: OTHER_PASSWORD });
  await mailbox.newest(person.email, MAILS.changed);
});

test('the old password is void', { tag: '@once' }, async ({ page, api, person, mailbox }) => {
  await requestReset(page, person.email);
  const { link } = await mailbox.newest(person.email, MAILS.reset);
  await page.goto(link);
  await setPassword(page, OTHER_PASSWORD);
  await expect(page).toHaveURL('/login');
  expect((await api.post('/login', person)).status()).toBe(401);
});

test('an unknown address gets the same answer', { tag: '@once' }, async ({ page, person }) => {
  const seen: string[] = [];
  for (const email of [person.email, uniqueEmail()]) {
    await requestReset(page, email);
    seen.push((await saidOn(page)).replaceAll(email, ''));
  }
  expect(seen[0]).toBe(seen[1]);
});

test('what is no address is reported at its field', async ({ page }) => {
  await page.goto('/forgot-password');
  await field(page).email.fill('zoe@example');
  await press(page, 'Send the link');
  await expectSummary(page);
  await expectFieldError(page, field(page).email, /address/i);
  await expect(field(page).email).toHaveValue('zoe@example');
});

test('a weak new password is refused, and the link still works', async ({ page, person, mailbox }) => {
  await requestReset(page, person.email);
  const { link } = await mailbox.newest(person.email, MAILS.reset);
  await page.goto(link);
  await setPassword(page, WEAK_PASSWORD);
  await expect(page).toHaveURL(linkPage('/reset-password'));
  await expectSummary(page, /guess/);
  await expectFieldError(page, field(page).newPassword, /guess/);
  await setPassword(page, OTHER_PASSWORD);
  await expect(page).toHaveURL('/login');
});

test('a link that was used says so and offers a new one', async ({ page, otherPage, person, mailbox }) => {
  await requestReset(page, person.email);
  const { link } = await mailbox.newest(person.email, MAILS.reset);
  // A second form, opened while the link was good.
  await otherPage.goto(link);
  await page.goto(link);
  await setPassword(page, OTHER_PASSWORD);
  await expect(page).toHaveURL('/login');

  await setPassword(otherPage, 'third tidal walnut 61');
  await page.goto(link);
  for (const late of [otherPage, page]) {
    await expectHeading(late, 'This link no longer works');
    await expect(field(late).newPassword).toBeHidden();
  }
  await expect(page.getByRole('main'), 'the address is masked').toContainText('z***@example.org');
  await press(page, 'Send a new one');
  await expectNotice(page, 'Check your inbox');
  await page.goto((await mailbox.newest(person.email, MAILS.reset, 2)).link);
  await expect(field(page).newPassword).toBeVisible();
});

test('the page without a link asks for it, and a made-up one says so', async ({ page }) => {
  for (const [path, heading] of [
    ['/reset-password', 'Reset your password'],
    ['/reset-password?token=nonsense', 'This link no longer works'],
    ['/reset-password', 'Reset your password'],
  ] as const) {
    await page.goto(path);
    await expect(page).toHaveURL(path.includes('token') ? linkPage('/reset-password') : path);
    await expectHeading(page, heading);
    await expect(field(page).newPassword).toBeHidden();
    await expect(field(page).email).toBeVisible();
  }
});

test('looking at the link does not use it up', async ({ page, request, person, mailbox }) => {
  await requestReset(page, person.email);
  const { link } = await mailbox.newest(person.email, MAILS.reset);
  // As mail scanners do.
  for (let look = 0; look < 3; look += 1) {
    await request.head(link);
    await request.get(link);
  }
  await page.goto(link);
  await page.reload();
  await setPassword(page, OTHER_PASSWORD);
  await expect(page).toHaveURL('/login');
});
