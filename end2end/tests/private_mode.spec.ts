import { OTHER_PASSWORD, newPerson } from '../fixtures/app';
import { MAILS, Mailbox } from '../fixtures/mailbox';
import {
  enterCode,
  expectConfirmed,
  expectNotice,
  expectSignedIn,
  expectSignedOut,
  expectSummary,
  field,
  submitRegistration,
} from '../fixtures/pages';
import { expect, test } from '../fixtures/test';
import { saidOn } from '../fixtures/words';

// Everything here is at a server of its own.
test.use({
  baseURL: async ({ privateServer }, use) => use(privateServer.origin),
  mailbox: async ({ privateServer }, use) => use(new Mailbox(privateServer.mailbox)),
});

test('in private mode nobody learns who has an account', async ({ page, otherPage, mailbox }) => {
  const person = newPerson();
  await submitRegistration(page, person);
  await expect(page).toHaveURL('/verify-email');
  await expectNotice(page, 'Check your inbox');
  const answer = await saidOn(page);
  await expectSignedOut(page);

  // Another person, with another password, sees the same; the owner gets a mail.
  await submitRegistration(otherPage, { ...person, password: OTHER_PASSWORD });
  await expect(otherPage).toHaveURL('/verify-email');
  await expectNotice(otherPage, 'Check your inbox');
  expect(await saidOn(otherPage)).toBe(answer);
  await expectSignedOut(otherPage);
  const mail = await mailbox.newest(person.email, MAILS.alreadyRegistered);
  expect(mail.code, 'it confirms nothing').toBeUndefined();

  const { code } = await mailbox.newest(person.email, MAILS.confirm);
  expect(mailbox.count(person.email, MAILS.confirm)).toBe(1);
  await page.goto('/verify-email');
  await field(page).email.fill(person.email);
  await field(page).password.fill(OTHER_PASSWORD);
  await enterCode(page, code!);
  await expectSummary(page);
  await expectSignedOut(page);
  await page.goto('/verify-email');
  await field(page).email.fill(person.email);
  await field(page).password.fill(person.password);
  await enterCode(page, code!);
  await expect(page).toHaveURL('/account');
  await expectSignedIn(page, person);
  await expectConfirmed(page, true);
});

test('the page after a registration takes the code at once', async ({ page, mailbox }) => {
  const person = newPerson();
  await submitRegistration(page, person);
  await expect(page).toHaveURL('/verify-email');
  await expect(field(page).email, 'the address is not typed twice').toHaveValue(person.email);
  const { code } = await mailbox.newest(person.email, MAILS.confirm);
  await field(page).password.fill(person.password);
  await enterCode(page, code!);
  await expectSignedIn(page, person);
  await expectConfirmed(page, true);
});
