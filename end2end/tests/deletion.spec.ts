import { OTHER_PASSWORD } from '../fixtures/app';
import { age } from '../fixtures/database';
import { MAILS } from '../fixtures/mailbox';
import {
  expectHeading,
  expectNotice,
  expectSignedIn,
  expectSignedOut,
  expectSummary,
  field,
  linkPage,
  press,
  signIn,
} from '../fixtures/pages';
import { expect, test } from '../fixtures/test';

test('delete the account, and think better of it', async ({ page, otherPage, api, request, person, mailbox }) => {
  const { access_token } = await api.login(person);
  await signIn(otherPage, person);
  await signIn(page, person);
  await page.locator('nav a[href="/account/delete"]').click();
  await press(page, 'Delete account');
  await expectSummary(page, /Tick the box/);
  await expectSignedIn(page, person);

  await page.goto('/account/delete');
  await page.getByLabel('Yes, delete my account').check();
  await press(page, 'Delete account');
  await expect(page).toHaveURL('/login');
  await expectNotice(page, /Your account will be deleted on \d+ \w+ \d{4}/);
  await expectSignedOut(page);
  await expectSignedOut(otherPage);
  expect((await api.get('/me', access_token)).status()).toBe(401);
  expect((await api.post('/login', person)).status()).toBe(401);

  const { link } = await mailbox.newest(person.email, MAILS.deletionScheduled);
  await request.head(link);
  await request.get(link);
  await page.goto(link);
  await expect(page, 'the token leaves the address bar').toHaveURL(linkPage('/restore-account'));
  await expect(page.getByRole('main')).toContainText(person.email);
  await press(page, 'Keep my account');
  await expect(page).toHaveURL('/login');
  await expectNotice(page, 'Your account stays.');
  await mailbox.newest(person.email, MAILS.deletionCancelled);
  await signIn(page, person);

  await page.goto(link);
  await expectHeading(page, 'This link no longer works');
});

test('after ten minutes the password is asked for again', async ({ page, api, person }) => {
  await page.request.post('/_fn/sign_in', { form: { ...person }, maxRedirects: 0 });
  age(person.email);
  await page.goto('/account/delete');
  await field(page).currentPassword.fill(OTHER_PASSWORD);
  await page.getByLabel('Yes, delete my account').check();
  await press(page, 'Delete account');
  await expectSummary(page, /incorrect/);
  await api.login(person);
  await field(page).currentPassword.fill(person.password);
  await page.getByLabel('Yes, delete my account').check();
  await press(page, 'Delete account');
  await expect(page).toHaveURL('/login');
  expect((await api.post('/login', person)).status()).toBe(401);
});

test('a made-up link says so', { tag: '@once' }, async ({ page }) => {
  for (const path of ['/restore-account?token=nonsense', '/revert-email?token=nonsense', '/restore-account']) {
    await page.goto(path);
    await expectHeading(page, 'This link no longer works');
  }
});
