import type { Page } from '@playwright/test';

import { OTHER_PASSWORD, type Person, uniqueEmail } from '../fixtures/app';
import { age } from '../fixtures/database';
import { MAILS } from '../fixtures/mailbox';
import {
  askForEmailChange,
  expectNotice,
  expectSignedIn,
  expectSummary,
  field,
  linkPage,
  press,
  requestReset,
  send,
  setPassword,
  signIn,
} from '../fixtures/pages';
import { expect, test } from '../fixtures/test';

/** Signs the browser in as another user, past the pages that are open in it. */
async function signInBeside(page: Page, person: Person): Promise<void> {
  await page.request.post('/_fn/sign_in', { form: { ...person }, maxRedirects: 0 });
}

test('two reset links in two tabs are two links', async ({ page, context, api, person, mailbox }) => {
  const other = await api.person();
  const tabs: { tab: Page; of: Person }[] = [];
  for (const of of [person, other]) {
    await requestReset(page, of.email);
    const tab = await context.newPage();
    await tab.goto((await mailbox.newest(of.email, MAILS.reset)).link);
    await expect(tab).toHaveURL(linkPage('/reset-password'));
    await expect(tab.getByRole('main')).toContainText(of.email);
    tabs.push({ tab, of });
  }
  const [{ tab }] = tabs as [(typeof tabs)[0]];
  await tab.reload();
  await setPassword(tab, OTHER_PASSWORD);
  await expect(tab).toHaveURL('/login');
  await expectNotice(tab, 'Your password was changed.');
  await api.login({ ...person, password: OTHER_PASSWORD });
  await api.login(other);
});

test('the address of a link can be carried to another browser', async ({ page, otherPage, api, person, mailbox }) => {
  await requestReset(page, person.email);
  await page.goto((await mailbox.newest(person.email, MAILS.reset)).link);
  await otherPage.goto(page.url());
  await expect(otherPage.getByRole('main')).toContainText(person.email);
  await setPassword(otherPage, OTHER_PASSWORD);
  await expect(otherPage).toHaveURL('/login');
  await api.login({ ...person, password: OTHER_PASSWORD });
});

test('a link says whose account it was for, where another user is signed in', async ({ page, api, person, mailbox }) => {
  const other = await api.person();
  await requestReset(page, person.email);
  await signIn(page, other);
  await page.goto((await mailbox.newest(person.email, MAILS.reset)).link);
  await setPassword(page, OTHER_PASSWORD);
  await expectNotice(page, 'Your password was changed.');
  await expectNotice(page, person.email);
  await expectSignedIn(page, other);
  await api.login(other);
});

test('a mailed link of each kind acts on its own account, whatever user is signed in', async ({ page, api, person, mailbox }) => {
  test.slow();
  const other = await api.person();
  const { user: before } = await api.login(other);
  const asOther = async (link: string, shown: string) => {
    await signInBeside(page, other);
    await page.goto(link);
    await expect(page.getByRole('main')).toContainText(shown);
  };
  // Who gives the password as well is signed in with it.
  await asOther((await mailbox.newest(person.email, MAILS.confirm)).link, person.email);
  await field(page).password.fill(person.password);
  await send(page, 'verify_email');
  await expectNotice(page, 'Your email address is confirmed.');
  await expectSignedIn(page, person);

  let { access_token } = await api.login(person);
  expect((await api.delete('/me', access_token, { password: person.password })).status()).toBe(202);
  await asOther((await mailbox.newest(person.email, MAILS.deletionScheduled)).link, person.email);
  await send(page, 'restore_account');
  await expectNotice(page, 'Your account stays.');
  await expectSignedIn(page, other);

  const moved = { ...person, email: uniqueEmail() };
  ({ access_token } = await api.login(person));
  const change = { new_email: moved.email, password: person.password };
  expect((await api.post('/email/change', change, access_token)).status()).toBe(202);
  await asOther((await mailbox.newest(moved.email, MAILS.confirmNewEmail)).link, moved.email);
  await field(page).password.fill(person.password);
  await send(page, 'verify_email');
  await expectNotice(page, 'Your email address was changed.');
  await expectSignedIn(page, moved);

  await asOther((await mailbox.newest(person.email, MAILS.emailChanged)).link, person.email);
  await send(page, 'revert_email');
  await expectNotice(page, 'You have your address back.');
  await expectSignedIn(page, other);
  expect((await api.post('/login', moved)).status(), 'the account has its former address').toBe(401);

  const { user: after } = await api.login(other);
  expect(after).toMatchObject({ ...before, last_login_at: expect.anything(), updated_at: expect.anything() });
});

/** Every form of the account's pages: where it is, what has to be filled in, and how it is sent. */
const FORMS: { name: string; path: string; back?: string; fill?: (tab: Page, person: Person) => Promise<void> }[] = [
  { name: 'update_profile', path: '/account/profile', fill: (tab) => field(tab).firstName.fill('Mallory') },
  {
    name: 'change_password',
    path: '/account/password',
    fill: async (tab, person) => {
      await field(tab).currentPassword.fill(person.password);
      await field(tab).newPassword.fill(OTHER_PASSWORD);
    },
  },
  { name: 'change_email', path: '/account/email', fill: (tab) => field(tab).newEmail.fill(uniqueEmail()) },
  { name: 'cancel_email_change', path: '/account/email' },
  { name: 'revoke_session', path: '/account/sessions' },
  { name: 'sign_out_others', path: '/account/sessions' },
  { name: 'delete_account', path: '/account/delete', fill: (tab) => tab.locator('#confirm').check() },
  { name: 'sign_out', path: '/logout', back: '/account/sessions' },
];

test('a page of one account does nothing to the one that signed in meanwhile', async ({ page, context, api, person }) => {
  test.slow();
  const other = await api.person();
  const { user: before } = await api.login(other);
  await api.login(person);
  await signIn(page, person);
  await askForEmailChange(page, uniqueEmail());
  const tabs = [];
  for (const form of FORMS) {
    const tab = await context.newPage();
    await tab.goto(form.path);
    await form.fill?.(tab, person);
    tabs.push({ tab, form });
  }
  const activity = await context.newPage();
  await activity.goto('/account/activity');
  await signInBeside(page, other);
  for (const { tab, form } of tabs) {
    await send(tab.getByRole('main'), form.name);
    await expect(tab, form.name).toHaveURL(form.back ?? form.path);
    await expectSummary(tab, `You are signed in as ${other.email} now`);
  }
  await activity.locator('form[action="/account/export"] button').click();
  await expectSummary(activity, `You are signed in as ${other.email} now`);

  await expectSignedIn(page, other);
  const { user: after } = await api.login(other);
  expect(after).toMatchObject({ ...before, last_login_at: expect.anything(), updated_at: expect.anything() });
  // What was typed is there for whom it is meant for.
  const [{ tab: profile }] = tabs as [(typeof tabs)[0]];
  await expect(field(profile).firstName).toHaveValue('Mallory');
  await press(profile, 'Save');
  await expectNotice(profile, 'Your name is saved.');
});

test('a password is asked for again of one account alone', async ({ page, context, api, person }) => {
  const other = await api.person();
  await signInBeside(page, person);
  age(person.email);
  const tab = await context.newPage();
  await tab.goto('/account/confirm?return_to=/account/activity');
  await field(tab).currentPassword.fill(person.password);
  await signInBeside(page, other);
  age(other.email);
  await send(tab, 'confirm_password');
  await expectSummary(tab, `You are signed in as ${other.email} now`);
  await expect(field(tab).currentPassword).toHaveValue('');
});

test('a browser that keeps no cookies gets an error that says so', async ({ page, person }) => {
  // Whatever is set is forgotten before the next request.
  await page.route('**/*', async (route) => {
    await page.context().clearCookies();
    await route.fallback();
  });
  for (const password of [person.password, OTHER_PASSWORD]) {
    await page.goto('/login');
    await field(page).email.fill(person.email);
    await field(page).password.fill(password);
    const sent = page.waitForRequest((request) => request.url().includes('cookies=check'));
    await send(page, 'sign_in');
    await sent;
    await page.context().clearCookies();
    await page.goto('/login?cookies=check');
    await expectSummary(page, 'Your browser keeps no cookies');
  }
});
