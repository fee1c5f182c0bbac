import { newPerson } from '../fixtures/app';
import { MAILS } from '../fixtures/mailbox';
import { expectSignedIn, send, signIn, submitRegistration } from '../fixtures/pages';
import { expect, test } from '../fixtures/test';

test('a sign-in in another browser is notified by mail, one in a known browser is not', async ({
  page,
  otherPage,
  mailbox,
  isMobile,
}) => {
  const person = newPerson();
  await submitRegistration(page, person);
  await expectSignedIn(page, person);
  await send(page.getByRole('banner'), 'sign_out');
  await expect(page).toHaveURL('/login');
  await signIn(page, person);
  await signIn(otherPage, person);
  const mail = await mailbox.newest(person.email, MAILS.newDevice);
  expect(mail.text).toContain(isMobile ? 'Chrome on Android' : 'Chrome on Linux');
  expect(mail.text).toContain('127.0.0.1');
  expect(mail.link, 'what to do if it was another person').toBe('/forgot-password');

  await send(otherPage.getByRole('banner'), 'sign_out');
  await expect(otherPage).toHaveURL('/login');
  await signIn(otherPage, person);
  await mailbox.newest(person.email, MAILS.newDevice);
  expect(mailbox.count(person.email, MAILS.newDevice), 'each browser is new once').toBe(1);
});
