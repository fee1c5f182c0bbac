import { type BrowserContext, type Page } from '@playwright/test';

import { MAILS } from '../fixtures/mailbox';
import { expectConfirmed, field, islands, signIn } from '../fixtures/pages';
import { expect, test } from '../fixtures/test';

async function paste(page: Page, context: BrowserContext, text: string): Promise<void> {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await page.evaluate((text) => navigator.clipboard.writeText(text), text);
  await field(page).code.focus();
  await page.keyboard.press('ControlOrMeta+V');
}

async function open(page: Page): Promise<void> {
  await page.goto('/verify-email');
  await islands(page);
}

test('a code that is pasted sends the form', async ({ page, context, person, mailbox }) => {
  const { code } = await mailbox.newest(person.email, MAILS.confirm);
  await signIn(page, person);
  await open(page);
  await paste(page, context, ` ${code!.slice(0, 3)}-${code!.slice(3)}\n`);
  await expect(page).toHaveURL('/account');
  await expectConfirmed(page, true);
});

test('a code that is typed waits for the button', async ({ page, person, mailbox }) => {
  const { code } = await mailbox.newest(person.email, MAILS.confirm);
  await signIn(page, person);
  await open(page);
  let posts = 0;
  page.on('request', (request) => {
    if (request.method() === 'POST') posts += 1;
  });
  await field(page).code.pressSequentially(code!, { delay: 20 });
  await expect(field(page).code).toHaveValue(code!);
  await page.waitForTimeout(300);
  expect(posts).toBe(0);
  await field(page).code.press('Enter');
  await expect(page).toHaveURL('/account');
});

test('what is no code is left as it was pasted', async ({ page, context, person }) => {
  await signIn(page, person);
  await open(page);
  await paste(page, context, 'my code');
  await expect(field(page).code).toHaveValue('my code');
  await field(page).code.clear();
  await paste(page, context, '12 34-5');
  await expect(field(page).code, 'five digits are not sent').toHaveValue('12345');
  await expect(page).toHaveURL('/verify-email');
});

test('what else the form asks for comes first', async ({ page, context, person }) => {
  await open(page);
  await paste(page, context, '123 456');
  await expect(field(page).code).toHaveValue('123456');
  await expect(page).toHaveTitle(/^(?!Error)/);
  await field(page).email.fill(person.email);
  await expect(page).toHaveURL('/verify-email');
});
