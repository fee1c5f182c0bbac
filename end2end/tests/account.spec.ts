import { OTHER_PASSWORD, WEAK_PASSWORD } from '../fixtures/app';
import { MAILS } from '../fixtures/mailbox';
import {
  expectFieldError,
  expectNotice,
  expectSignedIn,
  expectSignInFor,
  expectSignedOut,
  expectSummary,
  field,
  press,
  send,
  sessionCards,
  signIn,
} from '../fixtures/pages';
import { expect, test } from '../fixtures/test';

test('sessions of two browsers are listed, and one ends the other', async ({ page, otherPage, person, isMobile }) => {
  await signIn(otherPage, person);
  await signIn(page, person);
  await page.goto('/account/sessions');
  const cards = sessionCards(page);
  await expect(cards).toHaveCount(2);
  const own = cards.filter({ hasText: 'This device' });
  await expect(own).toHaveCount(1);
  await expect(own).toContainText(isMobile ? 'Chrome on Android' : 'Chrome on Linux');

  await press(cards.filter({ hasNotText: 'This device' }), /^Sign out/);
  await expect(page).toHaveURL('/account/sessions');
  await expectNotice(page, 'The device was signed out');
  await expect(cards).toHaveCount(1);
  await expect(own).toHaveCount(1);
  await expectSignedOut(otherPage);
});

test('programs are in the same list', async ({ page, api, person }) => {
  const { access_token } = await api.login(person, { device_name: 'Kitchen radio' });
  await signIn(page, person);
  await page.goto('/account/sessions');
  const card = sessionCards(page).filter({ hasText: 'Kitchen radio' });
  await expect(card).toHaveCount(1);
  await press(card, /^Sign out/);
  await expect(card).toHaveCount(0);
  expect((await api.get('/me', access_token)).status()).toBe(401);
});

test('sign out everywhere else', async ({ page, otherPage, api, person }) => {
  const { access_token } = await api.login(person);
  await signIn(otherPage, person);
  await signIn(page, person);
  await page.goto('/account/sessions');
  await expect(sessionCards(page)).toHaveCount(3);
  await send(page, 'sign_out_others');
  await expectNotice(page, 'Your other devices were signed out');
  await expect(sessionCards(page)).toHaveCount(1);
  await expectSignedOut(otherPage);
  expect((await api.get('/me', access_token)).status()).toBe(401);
  await expectSignedIn(page, person);
});

test('sign out', async ({ page, person }) => {
  await signIn(page, person);
  const cookies = await page.context().cookies();
  await send(page.getByRole('banner'), 'sign_out');
  await expect(page).toHaveURL('/login');
  await expectSignedOut(page);
  await page.goBack();
  await expect(page.getByText(person.email), 'nothing is left in the history').toBeHidden();
  // The cookie is dead, not only gone.
  await page.context().addCookies(cookies);
  await expectSignedOut(page);
});

test('a link to /logout asks first', async ({ page, person }) => {
  await signIn(page, person);
  await page.goto('/logout');
  await expectSignedIn(page, person);
  await page.goto('/logout');
  await send(page.getByRole('main'), 'sign_out');
  await expect(page).toHaveURL('/login');
  await expectSignedOut(page);
  await page.goto('/logout');
  await expect(page, 'twice is no error').toHaveURL('/login');
});

test.describe('change the password', () => {
  test('and every other session ends', async ({ page, otherPage, api, person, mailbox }) => {
    await signIn(otherPage, person);
    await signIn(page, person);
    const before = await page.context().cookies();
    await page.locator('nav a[href="/account/password"]').click();
    await expect(page).toHaveURL('/account/password');
    await field(page).currentPassword.fill(person.password);
    await field(page).newPassword.fill(OTHER_PASSWORD);
    await send(page, 'change_password');
    await expect(page).toHaveURL('/account');
    await expectNotice(page, 'Your password was changed');

    await expectSignedIn(page, person);
    expect(await page.context().cookies(), 'the session is a new one').not.toEqual(before);
    await expectSignedOut(otherPage);
    expect((await api.post('/login', person)).status()).toBe(401);
    await api.login({ ...person, password: OTHER_PASSWORD });
    await mailbox.newest(person.email, MAILS.changed);
  });

  test('not without the current one', async ({ page, api, person }) => {
    await signIn(page, person);
    await page.goto('/account/password');
    await field(page).currentPassword.fill('not the right one');
    await field(page).newPassword.fill(OTHER_PASSWORD);
    await send(page, 'change_password');
    await expect(page).toHaveURL('/account/password');
    await expectSummary(page, 'Your current password is incorrect.');
    await expect(page.getByRole('alert'), 'no address was asked for').not.toContainText('Email');
    await expectFieldError(page, field(page).currentPassword, 'Your current password is incorrect.');
    await expect(field(page).currentPassword).toHaveValue('');
    await expect(field(page).newPassword).toHaveValue('');
    await api.login(person);
  });

  test('not to a weak one', { tag: '@once' }, async ({ page, api, person }) => {
    await signIn(page, person);
    await page.goto('/account/password');
    await field(page).currentPassword.fill(person.password);
    await field(page).newPassword.fill(WEAK_PASSWORD);
    await send(page, 'change_password');
    await expectSummary(page, /guess/);
    await expectFieldError(page, field(page).newPassword, /guess/);
    await api.login(person);
  });
});

test('nobody sees the account of a session that has ended', async ({ page, api, person }) => {
  await signIn(page, person);
  const { access_token } = await api.login(person);
  await api.post('/logout-all', {}, access_token);
  await page.reload();
  await expectSignInFor(page, '/account');
});

test('a form of an ended session leads to signing in', async ({ page, api, person }) => {
  await signIn(page, person);
  await page.goto('/account/password');
  const { access_token } = await api.login(person);
  await api.post('/logout-all', {}, access_token);
  await field(page).currentPassword.fill(person.password);
  await field(page).newPassword.fill(OTHER_PASSWORD);
  await send(page, 'change_password');
  await expect(page).toHaveURL(/^[^?]*\/login/);
  await api.login(person);
});
