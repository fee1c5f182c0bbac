import type { Page } from '@playwright/test';

import { OTHER_PASSWORD, newPerson, uniqueEmail } from '../fixtures/app';
import { age } from '../fixtures/database';
import { MAILS } from '../fixtures/mailbox';
import {
  askForEmailChange,
  expectConfirmed,
  expectNotice,
  expectSignedIn,
  expectSignedOut,
  expectSummary,
  field,
  requestReset,
  signIn,
} from '../fixtures/pages';
import { expect, test } from '../fixtures/test';

/** Slows down what goes over the network, as a far-away server does. */
async function delay(page: Page, latency: number): Promise<void> {
  const session = await page.context().newCDPSession(page);
  await session.send('Network.enable');
  await session.send('Network.emulateNetworkConditions', {
    offline: false,
    latency,
    downloadThroughput: -1,
    uploadThroughput: -1,
  });
}

/** Presses the button of a form twice, as in a double click. */
async function sendTwice(page: Page, name: string): Promise<void> {
  const main = page.getByRole('main');
  const own = main.locator(`form[action="/_fn/${name}"] button:not([type="button"]):not([formaction])`);
  await own.or(main.locator(`button[formaction="/_fn/${name}"]`)).first().dblclick();
}

for (const latency of [0, 300]) {
  test.describe(`with a network that takes ${latency} ms`, () => {
    test.beforeEach(({ page }) => delay(page, latency));

    test('a registration that is sent twice signs in', async ({ page, mailbox, javaScriptEnabled }) => {
      const person = newPerson();
      const sent: string[] = [];
      page.on('request', (request) => {
        if (request.url().endsWith('/_fn/register')) {
          sent.push(request.method());
        }
      });
      await page.goto('/register');
      await field(page).email.fill(person.email);
      await field(page).password.fill(person.password);
      await sendTwice(page, 'register');
      await expectNotice(page, 'Check your inbox');
      await expectSignedIn(page, person);
      await mailbox.newest(person.email, MAILS.confirm);
      expect(mailbox.count(person.email, MAILS.confirm)).toBe(1);
      expect(mailbox.count(person.email, MAILS.alreadyRegistered)).toBe(0);
      if (javaScriptEnabled !== false) {
        expect(sent, 'the second press does nothing').toEqual(['POST']);
      }
    });

    test('a registration that is sent by two presses of Enter signs in', async ({ page }) => {
      const person = newPerson();
      await page.goto('/register');
      await field(page).email.fill(person.email);
      await field(page).password.fill(person.password);
      await page.keyboard.press('Enter');
      await page.keyboard.press('Enter').catch(() => {});
      await expectNotice(page, 'Check your inbox');
      await expectSignedIn(page, person);
    });

    test('signing in and out twice', async ({ page, api, person }) => {
      await page.goto('/login');
      await field(page).email.fill(person.email);
      await field(page).password.fill(OTHER_PASSWORD);
      await sendTwice(page, 'sign_in');
      await expectSummary(page, 'Email or password is incorrect.');
      await field(page).password.fill(person.password);
      await sendTwice(page, 'sign_in');
      await expect(page).toHaveURL('/account');
      const { access_token } = await api.login(person);
      const { sessions } = (await (await api.get('/sessions', access_token)).json()) as { sessions: unknown[] };
      expect(sessions, 'this one and that of the API').toHaveLength(2);
      await page.goto('/logout');
      await sendTwice(page, 'sign_out');
      await expectNotice(page, 'You are signed out.');
      await expectSignedOut(page);
    });

    test('what changes an account is done once', async ({ page, api, person, mailbox }) => {
      await api.login(person);
      await signIn(page, person);
      await page.goto('/account/profile');
      await field(page).firstName.fill('Zoe');
      await sendTwice(page, 'update_profile');
      await expectNotice(page, 'Your name is saved.');
      const email = uniqueEmail();
      await page.goto('/account/email');
      await field(page).newEmail.fill(email);
      await sendTwice(page, 'change_email');
      await expectNotice(page, /a mail with a link is on its way/);
      await sendTwice(page, 'cancel_email_change');
      await expectNotice(page, 'cancelled');
      await page.goto('/account/sessions');
      await sendTwice(page, 'revoke_session');
      await expectNotice(page, 'The device was signed out.');
      await api.login(person);
      await page.reload();
      await sendTwice(page, 'sign_out_others');
      await expectNotice(page, 'Your other devices were signed out.');
      await page.goto('/account/password');
      await field(page).currentPassword.fill(person.password);
      await field(page).newPassword.fill(OTHER_PASSWORD);
      await sendTwice(page, 'change_password');
      await expectNotice(page, 'Your password was changed.');
      await page.goto('/account/delete');
      await page.locator('#confirm').check();
      await sendTwice(page, 'delete_account');
      await expectNotice(page, /Your account will be deleted on/);
      await page.goto((await mailbox.newest(person.email, MAILS.deletionScheduled)).link);
      await sendTwice(page, 'restore_account');
      await expectNotice(page, 'Your account stays.');
      for (const kind of [MAILS.emailChangeRequested, MAILS.changed, MAILS.deletionScheduled, MAILS.deletionCancelled]) {
        await mailbox.newest(person.email, kind);
        expect(mailbox.count(person.email, kind), kind.join()).toBe(1);
      }
      expect(mailbox.count(email, MAILS.confirmNewEmail)).toBe(1);
    });

    test('mailed links and codes are used once', async ({ page, person, mailbox }) => {
      await page.goto('/forgot-password');
      await field(page).email.fill(person.email);
      await sendTwice(page, 'forgot_password');
      await expectNotice(page, 'Check your inbox');
      await page.goto((await mailbox.newest(person.email, MAILS.reset)).link);
      expect(mailbox.count(person.email, MAILS.reset)).toBe(1);
      await field(page).newPassword.fill(OTHER_PASSWORD);
      await sendTwice(page, 'reset_password');
      await expectNotice(page, 'Your password was changed.');
      await signIn(page, { ...person, password: OTHER_PASSWORD });
      const email = uniqueEmail();
      await askForEmailChange(page, email);
      await page.goto((await mailbox.newest(email, MAILS.confirmNewEmail)).link);
      await sendTwice(page, 'verify_email');
      await expectNotice(page, 'Your email address was changed.');
      await page.goto((await mailbox.newest(person.email, MAILS.emailChanged)).link);
      await sendTwice(page, 'revert_email');
      await expectNotice(page, 'You have your address back.');
    });

    test('a mail that is asked for again is sent once', async ({ page, api, person, mailbox }) => {
      const { email } = person;
      const welcome = await mailbox.newest(email, MAILS.confirm);
      await page.goto(welcome.link);
      await sendTwice(page, 'reset_by_verify_link');
      await expectNotice(page, 'Check your inbox');
      const reset = await mailbox.newest(email, MAILS.reset);
      await api.post('/password/forgot', { email });
      await mailbox.newest(email, MAILS.reset, 2);
      await page.goto(reset.link);
      await sendTwice(page, 'send_new_reset_link');
      await expectNotice(page, 'Check your inbox');
      await mailbox.newest(email, MAILS.reset, 3);
      await api.post('/email/resend', { email });
      await mailbox.newest(email, MAILS.confirm, 2);
      await page.goto(welcome.link);
      await sendTwice(page, 'resend_by_link');
      await expectNotice(page, 'Check your inbox');
      await mailbox.newest(email, MAILS.confirm, 3);
      expect([mailbox.count(email, MAILS.reset), mailbox.count(email, MAILS.confirm)]).toEqual([3, 3]);
    });

    test('a password is asked for again once, and a download reported once', async ({ page, person, mailbox }) => {
      // Without a look at the account, which would be remembered for a moment.
      await page.request.post('/_fn/sign_in', { form: { ...person }, maxRedirects: 0 });
      age(person.email);
      await page.goto('/account/confirm?return_to=/account/activity');
      await field(page).currentPassword.fill(person.password);
      await sendTwice(page, 'confirm_password');
      await expect(page).toHaveURL('/account/activity');
      const download = page.waitForEvent('download');
      await page.locator('form[action="/account/export"] button').dblclick();
      await download;
      await mailbox.newest(person.email, MAILS.dataExported);
      expect(mailbox.count(person.email, MAILS.dataExported)).toBe(1);
    });

    test('a code is used once', async ({ page, person, mailbox }) => {
      const { code } = await mailbox.newest(person.email, MAILS.confirm);
      await page.goto('/verify-email');
      await field(page).email.fill(person.email);
      await field(page).password.fill(person.password);
      await field(page).code.pressSequentially(code!);
      await sendTwice(page, 'verify_email');
      await expectNotice(page, 'Your email address is confirmed.');
      await expectConfirmed(page, true);
    });
  });
}

test('what was changed and sent again is a new form', async ({ page, person }) => {
  await requestReset(page, person.email);
  await signIn(page, person);
  await page.goto('/account/profile');
  for (const name of ['Zoe', 'Chloe']) {
    await field(page).firstName.fill(name);
    await page.keyboard.press('Enter');
    await expectNotice(page, 'Your name is saved.');
    await expect(field(page).firstName).toHaveValue(name);
    await page.goBack();
  }
});
