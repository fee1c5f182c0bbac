import { OTHER_PASSWORD } from '../fixtures/app';
import { expectNotice, expectSignedOut, expectSignedIn, press, signIn } from '../fixtures/pages';
import { expect, test } from '../fixtures/test';

test('the history says in sentences what happened', async ({ page, api, person, isMobile }) => {
  await api.post('/login', { ...person, password: OTHER_PASSWORD });
  await signIn(page, person);
  await page.locator('nav a[href="/account/activity"]').click();
  const events = page.getByRole('region', { name: 'Today' }).getByRole('listitem');
  const system = isMobile ? 'Android' : 'Linux';
  await expect(events.first(), 'newest first').toContainText(`Signed in with Chrome on ${system}`);
  await expect(events.filter({ hasText: 'Sign-in with a wrong password' })).toContainText('Failed');
  await expect(events.filter({ hasText: 'Account created' })).toHaveCount(1);
  await expect(events.first()).toContainText('127.0.0.1');
});

test('filters show a part of it', async ({ page, api, person }) => {
  const { access_token } = await api.login(person);
  await api.patch('/me', { first_name: 'Zoë' }, access_token);
  await api.post('/login', { ...person, password: OTHER_PASSWORD });
  await signIn(page, person);
  await page.goto('/account/activity');
  const main = page.getByRole('main');
  await main.getByRole('link', { name: 'Changes', exact: true }).click();
  await expect(main).toContainText('Name changed');
  await expect(main).not.toContainText('Sign-in with a wrong password');
  await main.getByRole('link', { name: 'Failed', exact: true }).click();
  await expect(main).toContainText('Sign-in with a wrong password');
  await expect(main).not.toContainText('Name changed');
  await main.getByRole('link', { name: 'Sign-ins', exact: true }).click();
  await expect(main).toContainText('Signed in with');
  await expect(main).not.toContainText('Name changed');
});

test('older entries follow, each once', { tag: '@once' }, async ({ page, api, person }) => {
  const { access_token } = await api.login(person);
  for (let change = 0; change < 21; change += 1) {
    await api.patch('/me', { first_name: `Zoë ${change}` }, access_token);
  }
  await signIn(page, person);
  await page.goto('/account/activity');
  const events = page.locator('.event');
  await expect(events).toHaveCount(20);
  await page.getByRole('link', { name: 'Older entries' }).click();
  await expect(page).toHaveURL(/cursor=/);
  await expect(events.filter({ hasText: 'Name changed' })).toHaveCount(2);
  await expect(events.filter({ hasText: 'Account created' })).toHaveCount(1);
  await expect(page.getByRole('link', { name: 'Older entries' })).toBeHidden();
  await page.goto('/account/activity?show=all&cursor=nonsense');
  await expect(page, 'a broken link begins at the top').toHaveURL('/account/activity');
});

test('"this was not me" leads to what helps', async ({ page, otherPage, person }) => {
  await signIn(otherPage, person);
  await signIn(page, person);
  await page.goto('/account/activity');
  await page.getByRole('link', { name: /^This was not me/ }).first().click();
  await expect(page).toHaveURL('/account/activity#not-me');
  const help = page.getByRole('region', { name: 'Something here was not you?' });
  await expect(help).toBeInViewport();
  await expect(help.getByRole('link', { name: 'Change your password.' })).toHaveAttribute('href', '/account/password');
  await press(help, 'Sign out everywhere else');
  await expectNotice(page, 'Your other devices were signed out.');
  await expectSignedOut(otherPage);
  await expectSignedIn(page, person);
});

test('the checklist knows what is open', async ({ page, api, person, mailbox }) => {
  await signIn(page, person);
  const list = page.getByRole('region', { name: 'Your security at a glance' });
  await expect(list).toContainText('Your email address is not confirmed yet.');
  await expect(list).toContainText('You are signed in on this device only.');
  await expect(list).toContainText('No failed sign-ins in the last seven days.');
  await list.getByRole('link', { name: 'Confirm it' }).click();
  await expect(page).toHaveURL('/verify-email');

  await api.verifyEmail(await mailbox.newest(person.email, ['welcome']));
  await api.login(person);
  await api.post('/login', { ...person, password: OTHER_PASSWORD });
  // A failure changes nothing, and is written down a moment later.
  await expect(async () => {
    await page.goto('/account');
    await expect(list).toContainText('1 failed sign-in in the last seven days.', { timeout: 500 });
  }).toPass({ timeout: 10_000 });
  await expect(list).toContainText('Your email address is confirmed.');
  await expect(list).toContainText('You are signed in on 1 other device.');
  await list.getByRole('link', { name: 'Was it you?' }).click();
  await expect(page).toHaveURL('/account/activity?show=failed');
});
