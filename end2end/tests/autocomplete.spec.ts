import { type Page } from '@playwright/test';

import type { Api } from '../fixtures/api';
import { type Person, newPerson } from '../fixtures/app';
import { age } from '../fixtures/database';
import { MAILS, type Mailbox } from '../fixtures/mailbox';
import { expectSummary, send, signIn, submitRegistration } from '../fixtures/pages';
import { expect, test } from '../fixtures/test';

interface Stage {
  page: Page;
  api: Api;
  mailbox: Mailbox;
  person: Person;
}

interface FormSpec {
  open(stage: Stage): Promise<unknown>;
  /** The server function, and what makes it refuse: by itself an empty form does. */
  name: string;
  /** Name, label and token of each field, in their order. `username` is the one that only password managers see. */
  fields: [name: string, label: string, token: string][];
}

const USERNAME: FormSpec['fields'][number] = ['username', '', 'username'];

async function signInLongAgo({ page, person }: Stage, path: string): Promise<void> {
  await page.request.post('/_fn/sign_in', { form: { ...person }, maxRedirects: 0 });
  age(person.email);
  await page.goto(path);
}

/** Every form that people type into. */
const forms: Record<string, FormSpec> = {
  'sign-in': {
    open: ({ page }) => page.goto('/login'),
    name: 'sign_in',
    fields: [
      ['email', 'Email address', 'username webauthn'],
      ['password', 'Password', 'current-password'],
    ],
  },
  registration: {
    open: ({ page }) => page.goto('/register'),
    name: 'register',
    fields: [
      ['first_name', 'First name (optional)', 'given-name'],
      ['last_name', 'Last name (optional)', 'family-name'],
      ['email', 'Email address', 'username'],
      ['password', 'Password', 'new-password'],
    ],
  },
  'the code of a mail': {
    open: ({ page }) => submitRegistration(page, newPerson()),
    name: 'verify_email',
    fields: [['code', 'Code', 'one-time-code']],
  },
  'the code of a mail, signed out': {
    open: ({ page }) => page.goto('/verify-email'),
    name: 'verify_email',
    fields: [
      ['email', 'Email address', 'username'],
      ['password', 'Password', 'current-password'],
      ['code', 'Code', 'one-time-code'],
    ],
  },
  'the link of a mail, signed out': {
    open: async ({ page, person, mailbox }) => page.goto((await mailbox.newest(person.email, MAILS.confirm)).link),
    name: 'verify_email',
    fields: [USERNAME, ['password', 'Password', 'current-password']],
  },
  'a forgotten password': {
    open: ({ page }) => page.goto('/forgot-password'),
    name: 'forgot_password',
    fields: [['email', 'Email address', 'username']],
  },
  'a new password by mail': {
    open: async ({ page, api, person, mailbox }) => {
      await api.post('/password/forgot', { email: person.email });
      await page.goto((await mailbox.newest(person.email, MAILS.reset)).link);
    },
    name: 'reset_password',
    fields: [USERNAME, ['new_password', 'New password', 'new-password']],
  },
  'another password': {
    open: ({ page, person }) => signIn(page, person).then(() => page.goto('/account/password')),
    name: 'change_password',
    fields: [
      USERNAME,
      ['current_password', 'Current password', 'current-password'],
      ['new_password', 'New password', 'new-password'],
    ],
  },
  'another address': {
    open: (stage) => signInLongAgo(stage, '/account/email'),
    name: 'change_email',
    fields: [
      ['new_email', 'New email address', 'email'],
      USERNAME,
      ['current_password', 'Current password', 'current-password'],
    ],
  },
  'the password again': {
    open: (stage) => signInLongAgo(stage, '/account/confirm'),
    name: 'confirm_password',
    fields: [USERNAME, ['current_password', 'Current password', 'current-password']],
  },
  'deleting the account': {
    open: (stage) => signInLongAgo(stage, '/account/delete'),
    name: 'delete_account',
    fields: [USERNAME, ['current_password', 'Current password', 'current-password']],
  },
};

for (const [what, { open, name, fields }] of Object.entries(forms)) {
  test(`${what}: fields that password managers know, and a summary that is announced`, async ({
    page,
    api,
    mailbox,
    person,
  }) => {
    await open({ page, api, mailbox, person });
    const form = page.locator(`form[action="/_fn/${name}"]`);
    const inputs = form.locator('input:not([type="hidden"], [type="checkbox"])');
    await expect(inputs).toHaveCount(fields.length);
    for (const [index, [field, label, token]] of fields.entries()) {
      const input = inputs.nth(index);
      await expect(input).toHaveAttribute('name', field);
      await expect(input).toHaveAttribute('autocomplete', token);
      const isSecret = field.includes('password');
      const isAddress = field.includes('email');
      await expect(input).toHaveAttribute('type', isSecret ? 'password' : isAddress ? 'email' : 'text');
      await expect(input).toHaveAttribute('id', field);
      if (field === 'username') {
        await expect(input).toHaveAttribute('tabindex', '-1');
        await expect(input).toHaveValue(person.email);
      } else {
        await expect(input).toHaveAccessibleName(label);
      }
      if (isAddress) await expect(input).toHaveAttribute('inputmode', 'email');
      if (token === 'one-time-code') await expect(input).toHaveAttribute('inputmode', 'numeric');
      if (token === 'new-password') await expect(input).toHaveAttribute('minlength', '8');
    }
    await expect(page.locator('[autocomplete="off"]')).toHaveCount(0);

    await send(page, name);
    await expectSummary(page);
  });
}
