import { MAILS } from '../fixtures/mailbox';
import { expectHeading, field, press, requestReset, signIn, submitSignIn } from '../fixtures/pages';
import { expect, test } from '../fixtures/test';

test('the language can be switched, and stays', async ({ page, person }) => {
  await page.goto('/login?return_to=%2Faccount%2Fprofile');
  await expect(page.locator('html')).toHaveAttribute('lang', 'en');
  await press(page.getByRole('contentinfo'), 'Deutsch');
  await expect(page, 'the same page').toHaveURL('/login?return_to=%2Faccount%2Fprofile');
  await expect(page.locator('html')).toHaveAttribute('lang', 'de');
  await expect(page.locator('html')).toHaveAttribute('dir', 'ltr');
  await expectHeading(page, 'Anmelden');
  await submitSignIn(page, { ...person, password: 'not the right one' });
  await expect(page.getByRole('alert')).toContainText('Passwort');
  await expect(page).toHaveTitle(/^Fehler: /);
  await field(page).password.fill(person.password);
  await press(page, 'Anmelden');
  await expect(page).toHaveURL('/account/profile');
  await expect(page.locator('html')).toHaveAttribute('lang', 'de');
  await press(page.getByRole('contentinfo'), 'English');
  await expect(page).toHaveURL('/account/profile');
  await expectHeading(page, 'Your name');
});

test('mails follow a user who switches while signed in', async ({ page, person, mailbox }) => {
  await signIn(page, person);
  await press(page.getByRole('contentinfo'), 'Deutsch');
  await expect(page).toHaveURL('/account');
  await requestReset(page, person.email);
  const { subject, text } = await mailbox.newest(person.email, MAILS.reset);
  expect(subject).toContain('Passwort');
  expect(text).toMatch(/\bSie\b/);
});
