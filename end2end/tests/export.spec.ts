import { readFileSync } from 'node:fs';

import { type Page } from '@playwright/test';

import { age } from '../fixtures/database';
import { expectHeading, expectSummary, field, press, signIn } from '../fixtures/pages';
import { expect, test } from '../fixtures/test';

async function download(page: Page): Promise<{ name: string; text: string }> {
  const [file] = await Promise.all([page.waitForEvent('download'), press(page, 'Download your data')]);
  return { name: file.suggestedFilename(), text: readFileSync(await file.path(), 'utf8') };
}

test('everything about the user comes as a file, without a secret', async ({ page, person }) => {
  await signIn(page, person);
  await page.goto('/account/activity');
  const { name, text } = await download(page);
  expect(name).toMatch(/\.json$/);
  expect(JSON.parse(text)).toMatchObject({ user: { email: person.email } });
  expect(text).not.toContain(person.password);
  expect(text).not.toMatch(/argon2|\$2[aby]\$|hash|nonce/i);
  await page.reload();
  await expect(page.getByText('Data downloaded with').first()).toBeVisible();
});

test('after ten minutes the password is asked for first', async ({ page, person }) => {
  await page.request.post('/_fn/sign_in', { form: { ...person }, maxRedirects: 0 });
  age(person.email);
  await page.goto('/account/activity');
  await press(page, 'Download your data');
  await expect(page).toHaveURL(/\/account\/confirm\?return_to=/);
  await expectHeading(page, 'Is it you?');
  await field(page).currentPassword.fill('not the right one');
  await press(page, 'Continue');
  await expectSummary(page, /incorrect/);
  await field(page).currentPassword.fill(person.password);
  await press(page, 'Continue');
  await expect(page).toHaveURL(/\/account\/activity/);
  expect((await download(page)).text).toContain(person.email);
});
