import { OTHER_PASSWORD, WEAK_PASSWORD, newPerson } from '../fixtures/app';
import { MAILS } from '../fixtures/mailbox';
import {
  enterCode,
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
  send,
  submitRegistration,
} from '../fixtures/pages';
import { expect, test } from '../fixtures/test';

/** The button of the page that the mailed link opens. */
const CONFIRM = 'Confirm my address';

test('register, and confirm the address by the mailed link', async ({ page, mailbox }) => {
  const person = newPerson();
  await submitRegistration(page, person);
  await expect(page).toHaveURL('/verify-email');
  await expectSignedIn(page, person);
  await expectConfirmed(page, false);

  const { link } = await mailbox.newest(person.email, MAILS.confirm);
  await page.goto(link);
  await expect(page).toHaveURL(linkPage('/verify-email'));
  await press(page, CONFIRM);
  await expectSignedIn(page, person);
  await expectConfirmed(page, true);
});

test('register, and confirm the address by the mailed code', async ({ page, mailbox }) => {
  const person = newPerson();
  await submitRegistration(page, person);
  await expect(page).toHaveURL('/verify-email');
  const { code } = await mailbox.newest(person.email, MAILS.confirm);

  await enterCode(page, code === '000000' ? '000001' : '000000');
  await expectSummary(page, /code/);
  await expect(page.getByRole('alert'), 'it was no link').not.toContainText('This link');
  await expectFieldError(page, field(page).code, /code is wrong/);

  await enterCode(page, ` ${code!.slice(0, 3)} ${code!.slice(3)} `);
  await expectSignedIn(page, person);
  await expectConfirmed(page, true);
});

test('in another browser the link asks for the password, and signs in with it', async ({ otherPage, person, mailbox }) => {
  const { link } = await mailbox.newest(person.email, MAILS.confirm);
  await otherPage.goto(link);
  await expect(otherPage, 'the token leaves the address bar').toHaveURL(linkPage('/verify-email'));
  await press(otherPage, CONFIRM);
  await expectSummary(otherPage, /password/);
  await field(otherPage).password.fill(OTHER_PASSWORD);
  await press(otherPage, CONFIRM);
  await expectSummary(otherPage, /incorrect/);
  await expectSignedOut(otherPage);

  await otherPage.goto(link);
  await field(otherPage).password.fill(person.password);
  await press(otherPage, CONFIRM);
  await expect(otherPage).toHaveURL('/account');
  await expectNotice(otherPage, 'Your email address is confirmed');
  await expectConfirmed(otherPage, true);
});

test('in another browser the code asks for address and password', async ({ page, person, mailbox }) => {
  const { code } = await mailbox.newest(person.email, MAILS.confirm);
  await page.goto('/verify-email');
  await field(page).email.fill(person.email);
  await enterCode(page, code!);
  await expectSummary(page, /password/);
  await field(page).password.fill(person.password);
  await enterCode(page, code!);
  await expect(page).toHaveURL('/account');
  await expectConfirmed(page, true);
});

test('the owner of the mailbox gets an account that another person made', async ({ page, otherPage, person, mailbox }) => {
  const { link } = await mailbox.newest(person.email, MAILS.confirm);
  await page.goto(link);
  await send(page, 'reset_by_verify_link');
  await expect(page).toHaveURL('/forgot-password');
  await expectNotice(page, 'Check your inbox');
  await otherPage.goto((await mailbox.newest(person.email, MAILS.reset)).link);
  await expect(field(otherPage).newPassword).toBeVisible();
});

test('a link that was used says so and offers a new one', async ({ page, api, person, mailbox }) => {
  const mail = await mailbox.newest(person.email, MAILS.confirm);
  await api.verifyEmail(mail);
  await page.goto(mail.link);
  await expectHeading(page, 'This link no longer works');
  await expect(page.getByRole('main')).not.toContainText(person.email);
});

test('a link that a newer mail replaced is sent anew, without typing the address', async ({
  page,
  api,
  person,
  mailbox,
}) => {
  const old = await mailbox.newest(person.email, MAILS.confirm);
  await api.post('/email/resend', { email: person.email });
  await mailbox.newest(person.email, MAILS.confirm, 2);
  await page.goto(old.link);
  await expectHeading(page, 'This link no longer works');
  await expect(page.getByRole('main'), 'the address is masked').toContainText('z***@example.org');
  await send(page, 'resend_by_link');
  await expectNotice(page, 'Check your inbox');
  await mailbox.newest(person.email, MAILS.confirm, 3);
});

test('looking at the link does not use it up', async ({ request, page, person, mailbox }) => {
  const { link } = await mailbox.newest(person.email, MAILS.confirm);
  await request.head(link);
  await request.get(link);
  await page.goto(link);
  await field(page).password.fill(person.password);
  await press(page, CONFIRM);
  await expect(page).toHaveURL('/account');
});

test('a new mail can be asked for', async ({ page, mailbox }) => {
  const person = newPerson();
  await submitRegistration(page, person);
  await mailbox.newest(person.email, MAILS.confirm);
  await send(page, 'resend_verification');
  const { code } = await mailbox.newest(person.email, MAILS.confirm, 2);
  await enterCode(page, code!);
  await expectSignedIn(page, person);
  await expectConfirmed(page, true);
});

test('a taken address is reported at its field, with the ways on', async ({ page, person }) => {
  await submitRegistration(page, { ...person, password: OTHER_PASSWORD });
  await expect(page).toHaveURL('/register');
  await expectSummary(page, /already has an account/);
  await expectFieldError(page, field(page).email, /already has an account/);
  await expect(field(page).email).toHaveValue(person.email);
  const way = (name: RegExp) => page.getByRole('main').getByRole('link', { name }).first();
  await expect(way(/sign in/i)).toHaveAttribute('href', /^\/login/);
  await expect(way(/reset/i)).toHaveAttribute('href', /^\/forgot-password/);
});

const passwords = {
  none: ['', 'Enter a password.'],
  'a short one': ['r9$kQz!', 'Use at least 8 characters.'],
  'a common one': ['password1', /leaked/],
  'a weak one': [WEAK_PASSWORD, /easy to guess/],
} as const;
for (const [what, [password, text]] of Object.entries(passwords)) {
  test(`${what} is no password; the address stays, the password goes`, { tag: '@once' }, async ({ page }) => {
    const person = { ...newPerson(), password };
    await page.goto('/register');
    await field(page).firstName.fill('Zoë');
    await field(page).email.fill(person.email);
    await field(page).password.fill(person.password);
    await press(page, 'Create account');
    await expect(page).toHaveURL('/register');
    await expectSummary(page, text);
    await expectFieldError(page, field(page).password, text);
    await expect(field(page).email).toHaveValue(person.email);
    await expect(field(page).firstName).toHaveValue('Zoë');
    await expect(field(page).password).toHaveValue('');
    await expect(field(page).email).not.toHaveAttribute('aria-invalid', 'true');
  });
}

test('every error is shown at once, and gone after another look', async ({ page }) => {
  await submitRegistration(page, { email: 'zoe@example', password: 'short' });
  await expectSummary(page);
  await expect(page.getByRole('alert').getByRole('link')).toHaveCount(2);
  await page.goto('/register');
  await expect(page.getByRole('alert')).toBeHidden();
  await expect(page).not.toHaveTitle(/Error/);
});
