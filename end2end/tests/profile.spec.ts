import { expectFieldError, expectNotice, expectSummary, field, press, signIn } from '../fixtures/pages';
import { expect, test } from '../fixtures/test';

test('change the name, and take it out again', async ({ page, person }) => {
  await signIn(page, person);
  await expect(page.getByText('Hello!')).toBeVisible();
  await page.locator('nav a[href="/account/profile"]').click();
  await field(page).firstName.fill('  Zoë <b> ');
  await field(page).lastName.fill("O'Ångström");
  await press(page, 'Save');
  await expect(page).toHaveURL('/account/profile');
  await expectNotice(page, 'Your name is saved.');
  await expect(field(page).firstName).toHaveValue('Zoë <b>');

  await page.goto('/account');
  await expect(page.getByText('Hello, Zoë <b>!'), 'markup is text').toBeVisible();

  await page.goto('/account/profile');
  await field(page).firstName.fill('');
  await field(page).lastName.fill('');
  await press(page, 'Save');
  await page.goto('/account');
  await expect(page.getByText('Hello!')).toBeVisible();
});

test('a name that is too long is reported at its field, and stays to be corrected', async ({ page, person }) => {
  const long = 'x'.repeat(101);
  await signIn(page, person);
  await page.goto('/account/profile');
  await field(page).firstName.fill(long);
  await field(page).lastName.fill('Ångström');
  await press(page, 'Save');
  await expectSummary(page, 'Use at most 100 characters.');
  await expectFieldError(page, field(page).firstName, 'Use at most 100 characters.');
  await expect(field(page).firstName).toHaveValue(long);
  await expect(field(page).lastName).toHaveValue('Ångström');
});
