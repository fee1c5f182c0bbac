import { OTHER_PASSWORD, WEAK_PASSWORD, newPerson } from '../fixtures/app';
import { SUBJECTS } from '../fixtures/mailbox';
import {
  expectFieldError,
  expectSignedIn,
  expectSignedOut,
  expectSummary,
  field,
  press,
  submitRegistration,
} from '../fixtures/pages';
import { expect, test } from '../fixtures/test';

const CONFIRM = 'Confirm my address';

test('register, and confirm the address by the mailed link', async ({ page, mailbox }) => {
  const person = newPerson();
  await submitRegistration(page, person);
  await expect(page).toHaveURL('/verify-email');
  await expectSignedIn(page, person);
  await expect(page.getByText('Not confirmed')).toBeVisible();

  const { link } = await mailbox.newest(person.email, SUBJECTS.confirm);
  await page.goto(link);
  await expect(page).toHaveURL('/verify-email');
  await press(page, CONFIRM);
  await expectSignedIn(page, person);
  await expect(page.getByText('Not confirmed')).toBeHidden();
});

test('register, and confirm the address by the mailed code', async ({ page, mailbox }) => {
  const person = newPerson();
  await submitRegistration(page, person);
  await expect(page).toHaveURL('/verify-email');
  const { code } = await mailbox.newest(person.email, SUBJECTS.confirm);

  await field(page).code.fill(code === '000000' ? '000001' : '000000');
  await press(page, 'Confirm');
  await expectSummary(page, /code/);
  await expect(page.getByRole('alert'), 'it was no link').not.toContainText('This link');
  await expectFieldError(page, field(page).code, /code is wrong/);

  await field(page).code.fill(` ${code!.slice(0, 3)} ${code!.slice(3)} `);
  await press(page, 'Confirm');
  await expectSignedIn(page, person);
  await expect(page.getByText('Not confirmed')).toBeHidden();
});

test('the link confirms in a browser that is not signed in, and signs nobody in', async ({
  api,
  otherPage,
  person,
  mailbox,
}) => {
  const { link } = await mailbox.newest(person.email, SUBJECTS.confirm);
  await otherPage.goto(link);
  await press(otherPage, CONFIRM);
  await expect(otherPage).toHaveURL('/login');
  await expect(otherPage.getByRole('status')).toContainText('Your email address is confirmed');
  await expectSignedOut(otherPage);
  expect((await api.login(person)).user.is_email_verified).toBe(true);
});

test('a link that was used says so and offers a new one', async ({ page, person, mailbox }) => {
  const { link } = await mailbox.newest(person.email, SUBJECTS.confirm);
  await page.goto(link);
  await press(page, CONFIRM);
  await expect(page).toHaveURL('/login');
  await page.goto(link);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('This link no longer works');
  await expect(page.getByRole('button', { name: 'Send a new link' })).toBeVisible();
});

test('looking at the link does not use it up', async ({ request, page, person, mailbox }) => {
  const { link } = await mailbox.newest(person.email, SUBJECTS.confirm);
  await request.head(link);
  await request.get(link);
  await page.goto(link);
  await press(page, CONFIRM);
  await expect(page).toHaveURL('/login');
});

test('a new mail can be asked for', async ({ page, mailbox }) => {
  const person = newPerson();
  await submitRegistration(page, person);
  await mailbox.newest(person.email, SUBJECTS.confirm);
  await press(page, 'Send a new mail');
  const { code } = await mailbox.newest(person.email, SUBJECTS.confirm, 2);
  await field(page).code.fill(code!);
  await press(page, 'Confirm');
  await expectSignedIn(page, person);
  await expect(page.getByText('Not confirmed')).toBeHidden();
});

test('a taken address is told at its field, with the ways on', async ({ page, person }) => {
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
  test(`${what} is no password; the address stays, the password goes`, async ({ page }) => {
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

test('every fault is told at once, and gone after another look', async ({ page }) => {
  await submitRegistration(page, { email: 'zoe@example', password: 'short' });
  await expectSummary(page);
  await expect(page.getByRole('alert').getByRole('link')).toHaveCount(2);
  await page.goto('/register');
  await expect(page.getByRole('alert')).toBeHidden();
  await expect(page).not.toHaveTitle(/Error/);
});

test('fields have what password managers look for', async ({ page }) => {
  await page.goto('/register');
  const expected = {
    email: ['email', 'username', 'email'],
    password: ['password', 'new-password', 'password'],
    firstName: ['first_name', 'given-name', 'text'],
    lastName: ['last_name', 'family-name', 'text'],
  } as const;
  for (const [name, [attribute, autocomplete, type]] of Object.entries(expected)) {
    const input = field(page)[name as keyof typeof expected];
    await expect(input).toHaveAttribute('name', attribute);
    await expect(input).toHaveAttribute('autocomplete', new RegExp(`^${autocomplete}\\b`));
    await expect(input).toHaveAttribute('type', type);
    await expect(input).toHaveAttribute('id', /\S/);
  }
});
