import { OTHER_PASSWORD, newPerson, uniqueEmail } from '../fixtures/app';
import { ZOOMED, expectNoSidewaysScroll, expectRoomForSpacing } from '../fixtures/layout';
import { MAILS } from '../fixtures/mailbox';
import {
  askForEmailChange,
  enterCode,
  expectConfirmed,
  expectNotice,
  expectSummary,
  field,
  press,
  send,
  submitRegistration,
} from '../fixtures/pages';
import { expect, test } from '../fixtures/test';

// A laptop's 1280 by 1024 pixels at a zoom of 400 %.
test.use({ viewport: ZOOMED, deviceScaleFactor: 4 });

test('a new user gets everything done at 400 %', async ({ page, mailbox }) => {
  const person = newPerson();
  const look = async (what: string) => {
    await expectNoSidewaysScroll(page, what);
    await expectRoomForSpacing(page, what);
  };
  await submitRegistration(page, { ...person, password: 'short' });
  await expectSummary(page);
  await expect(page.getByRole('alert'), 'what was announced is in sight').toBeInViewport();
  await look('refused registration');
  await field(page).password.fill(person.password);
  await send(page, 'register');
  await expect(page).toHaveURL('/verify-email');
  await look('the code');
  const { code } = await mailbox.newest(person.email, MAILS.confirm);
  await enterCode(page, code!);
  await expectConfirmed(page, true);
  await look('the account');

  for (const path of ['profile', 'email', 'password', 'sessions', 'activity', 'delete']) {
    await page.locator(`nav a[href="/account/${path}"]`).click();
    await expect(page).toHaveURL(`/account/${path}`);
    await look(path);
  }
  await page.goto('/account/profile');
  await field(page).firstName.fill('Donaudampfschifffahrtsgesellschaftskapitänswitwenverein');
  await press(page, 'Save');
  await expectNotice(page, 'Your name is saved.');
  await page.goto('/account');
  await look('a long name');
  await askForEmailChange(page, uniqueEmail());
  await look('a change that waits');
  await page.goto('/account/password');
  await field(page).currentPassword.fill(person.password);
  await field(page).newPassword.fill(OTHER_PASSWORD);
  await send(page, 'change_password');
  await expectNotice(page, 'Your password was changed.');
  await send(page.getByRole('banner'), 'sign_out');
  await expect(page).toHaveURL('/login');
  await look('signed out');
});

test('a text that is twice as large fits too', async ({ page, person }) => {
  await page.setViewportSize({ width: 640, height: 512 });
  const look = async (path: string) => {
    await page.goto(path);
    // What a browser's setting for larger text does: the size that `rem` and `em` are counted from.
    await page.evaluate(() => {
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(':root { font-size: 200% !important }');
      document.adoptedStyleSheets = [sheet];
    });
    await expectNoSidewaysScroll(page, `${path} with large text`);
  };
  for (const path of ['/login', '/register', '/forgot-password', '/verify-email', '/reset-password']) {
    await look(path);
  }
  await page.request.post('/_fn/sign_in', { form: { ...person }, maxRedirects: 0 });
  for (const page of ['', 'profile', 'email', 'password', 'sessions', 'activity', 'delete']) {
    await look(`/account/${page}`.replace(/\/$/, ''));
  }
  await look('/logout');
});
