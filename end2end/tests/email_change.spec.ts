import { OTHER_PASSWORD, uniqueEmail } from '../fixtures/app';
import { age } from '../fixtures/database';
import { MAILS } from '../fixtures/mailbox';
import {
  askForEmailChange,
  expectConfirmed,
  expectFieldError,
  expectHeading,
  expectNotice,
  expectSignedIn,
  expectSignedOut,
  expectSummary,
  field,
  linkPage,
  press,
  setPassword,
  signIn,
} from '../fixtures/pages';
import { expect, test } from '../fixtures/test';

test('the account moves once the new address confirms', async ({ page, api, person, mailbox }) => {
  const email = uniqueEmail();
  await signIn(page, person);
  await askForEmailChange(page, email);
  await expect(page).toHaveURL('/account/email');
  await expectNotice(page, /a mail with a link is on its way/);
  await expect(page.getByRole('region', { name: 'A change is waiting' })).toContainText(email);
  await mailbox.newest(person.email, MAILS.emailChangeRequested);
  await api.login(person);

  await page.goto((await mailbox.newest(email, MAILS.confirmNewEmail)).link);
  await expect(page, 'the token leaves the address bar').toHaveURL(linkPage('/verify-email'));
  await expect(page.getByRole('main')).toContainText(email);
  await press(page, 'Use this address');
  await expect(page).toHaveURL('/account');
  await expectNotice(page, 'Your email address was changed.');
  await expectSignedIn(page, { ...person, email });
  await expectConfirmed(page, true);
  expect((await api.post('/login', person)).status(), 'the old address is nobody').toBe(401);
  await api.login({ ...person, email });
});

test('in another browser the link asks for the password', async ({ page, otherPage, person, mailbox }) => {
  const email = uniqueEmail();
  await signIn(page, person);
  await askForEmailChange(page, email);
  await otherPage.goto((await mailbox.newest(email, MAILS.confirmNewEmail)).link);
  await press(otherPage, 'Use this address');
  await expectSummary(otherPage, /Enter/);
  await field(otherPage).password.fill(person.password);
  await press(otherPage, 'Use this address');
  await expectSignedIn(otherPage, { ...person, email });
});

test('the old address takes the change back, whatever the new owner did since', async ({
  page,
  otherPage,
  api,
  person,
  mailbox,
}) => {
  const email = uniqueEmail();
  // The way back is for addresses that were proved alone.
  await api.verifyEmail(await mailbox.newest(person.email, MAILS.confirm));
  await signIn(page, person);
  await askForEmailChange(page, email);
  await page.goto((await mailbox.newest(email, MAILS.confirmNewEmail)).link);
  await press(page, 'Use this address');
  await expectSignedIn(page, { ...person, email });
  const { access_token } = await api.login({ ...person, email });
  const passwords = { current_password: person.password, new_password: OTHER_PASSWORD };
  expect((await api.post('/password/change', passwords, access_token)).status()).toBe(204);

  const { link } = await mailbox.newest(person.email, MAILS.emailChanged);
  await otherPage.goto(link);
  await expect(otherPage).toHaveURL(linkPage('/revert-email'));
  await expect(otherPage.getByRole('main')).toContainText(person.email);
  await press(otherPage, 'Take it back');
  await expectNotice(otherPage, 'You have your address back.');
  await expectSignedOut(page);
  expect((await api.post('/login', { ...person, email, password: OTHER_PASSWORD })).status()).toBe(401);

  await mailbox.newest(person.email, MAILS.emailReverted);
  await mailbox.newest(email, MAILS.emailTakenBack);
  await api.post('/password/forgot', { email: person.email });
  await otherPage.goto((await mailbox.newest(person.email, MAILS.reset)).link);
  await setPassword(otherPage, 'third tidal walnut 61');
  await expect(otherPage).toHaveURL('/login');
  await signIn(otherPage, { ...person, password: 'third tidal walnut 61' });
  await otherPage.goto(link);
  await expectHeading(otherPage, 'This link no longer works');
});

test('a change that waits can be cancelled', async ({ page, person, mailbox }) => {
  const email = uniqueEmail();
  await signIn(page, person);
  await askForEmailChange(page, email);
  const { link } = await mailbox.newest(email, MAILS.confirmNewEmail);
  await press(page, 'Cancel the change');
  await expectNotice(page, 'The change was cancelled.');
  await expect(page.getByRole('region', { name: 'A change is waiting' })).toBeHidden();
  await page.goto(link);
  await expectHeading(page, 'This link no longer works');
  await expectSignedIn(page, person);
});

test('a taken address gets the same answer, and its owner a mail', async ({ page, api, person, mailbox }) => {
  const owner = await api.person();
  const seen: string[] = [];
  await signIn(page, person);
  for (const email of [owner.email, uniqueEmail()]) {
    await askForEmailChange(page, email);
    seen.push(await page.getByRole('status').first().innerText());
  }
  expect(seen[0]).toBe(seen[1]);
  await mailbox.newest(owner.email, MAILS.alreadyRegistered);
  expect(mailbox.count(owner.email, MAILS.confirmNewEmail)).toBe(0);
});

test('what cannot be the new address is reported at its field', { tag: '@once' }, async ({ page, person }) => {
  await signIn(page, person);
  const violations = {
    'zoe@example': 'Enter an email address like name@example.com. Before the @ it cannot have umlauts or accents.',
    [person.email]: /This is the address that your account has now/,
  };
  for (const [email, text] of Object.entries(violations)) {
    await askForEmailChange(page, email);
    await expectSummary(page, text);
    await expectFieldError(page, field(page).newEmail, text);
    await expect(field(page).newEmail).toHaveValue(email);
  }
});

test('after ten minutes the password is asked for again', async ({ page, person, mailbox }) => {
  const email = uniqueEmail();
  await page.request.post('/_fn/sign_in', { form: { ...person }, maxRedirects: 0 });
  age(person.email);
  await askForEmailChange(page, email);
  await expectSummary(page);
  await expect(field(page).newEmail).toHaveValue(email);
  await field(page).currentPassword.fill(OTHER_PASSWORD);
  await press(page, 'Send the link');
  await expectSummary(page, /incorrect/);
  await field(page).currentPassword.fill(person.password);
  await press(page, 'Send the link');
  await mailbox.newest(email, MAILS.confirmNewEmail);
  await expect(field(page).currentPassword, 'and not the next time').toBeHidden();
});
