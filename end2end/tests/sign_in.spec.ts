import { OTHER_PASSWORD, newPerson } from '../fixtures/app';
import {
  expectSignedIn,
  expectSignInFor,
  expectSignedOut,
  expectSummary,
  field,
  press,
  signIn,
  submitSignIn,
} from '../fixtures/pages';
import { expect, test } from '../fixtures/test';
import { saidOn } from '../fixtures/words';

const INCORRECT =
  'Email or password is incorrect. If you deleted this account, ask for a new password: you get the link that restores it.';

test('sign in and see the account', async ({ page, person }) => {
  await page.goto('/');
  await expect(page).toHaveURL(/\/login/);
  await signIn(page, person);
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
  await expectSignedIn(page, person);
});

test('a wrong password and an unknown address get the same words', async ({ page, person }) => {
  const seen: string[] = [];
  for (const wrong of [{ ...person, password: OTHER_PASSWORD }, newPerson()]) {
    await page.goto('/login');
    await submitSignIn(page, wrong);
    await expect(page).toHaveURL('/login');
    await expectSummary(page, INCORRECT);
    await expect(field(page).email).toHaveValue(wrong.email);
    await expect(field(page).password).toHaveValue('');
    seen.push((await saidOn(page)).replaceAll(wrong.email, ''));
  }
  expect(seen[0]).toBe(seen[1]);
  await expectSignedOut(page);
});

test('nothing of a refused form is in the address bar', async ({ page, person }) => {
  await page.goto('/login?return_to=%2Faccount%2Fpassword');
  await submitSignIn(page, { ...person, password: OTHER_PASSWORD });
  await expectSummary(page, INCORRECT);
  await expectSignInFor(page, '/account/password');
  await field(page).password.fill(person.password);
  await press(page, 'Sign in');
  await expect(page, 'the way back is not lost').toHaveURL('/account/password');
});

test('the cookie outlives the browser only if it is asked to', async ({ page, otherPage, person }) => {
  const DAY = 24 * 60 * 60;
  // That the browser was here before is remembered in any case; that cookie lets nobody in.
  const isSession = ({ name, value }: { name: string; value: string }) => value !== '' && !/known_device/.test(name);
  const expiries = async (of: typeof page) =>
    (await of.context().cookies()).filter(isSession).map(({ expires }) => expires);
  await signIn(page, person, false);
  expect(await expiries(page)).toEqual([-1]);
  await signIn(otherPage, person, true);
  const [expires] = await expiries(otherPage);
  expect(expires! - Date.now() / 1000).toBeGreaterThan(29 * DAY);
  expect(expires! - Date.now() / 1000).toBeLessThan(31 * DAY);
});

test('a visitor who is sent to sign in comes back to where they were', async ({ page, person }) => {
  await page.goto('/account/password');
  await expectSignInFor(page, '/account/password');
  await submitSignIn(page, person);
  await expect(page).toHaveURL('/account/password');
});

const elsewhere = [
  '//evil.example',
  'https://evil.example/',
  '/\\evil.example',
  '\\\\evil.example',
  '/%09/evil.example',
  'javascript:alert(1)',
  '/account/../../evil.example//',
];
for (const target of elsewhere) {
  test(`return_to ${target} leads nowhere else`, { tag: '@once' }, async ({ page, person, watch, baseURL }) => {
    watch.expectStatus(404);
    await page.goto(`/login?return_to=${encodeURIComponent(target)}`);
    await submitSignIn(page, person);
    await expect(page).not.toHaveURL(/\/login/);
    expect(new URL(page.url()).origin).toBe(baseURL);
  });
}
for (const target of elsewhere.slice(0, 3)) {
  test(`return_to ${target} is dropped`, { tag: '@once' }, async ({ page, person }) => {
    await page.goto(`/login?return_to=${encodeURIComponent(target)}`);
    await submitSignIn(page, person);
    await expect(page).toHaveURL('/account');
  });
}

test('a visitor who is signed in already goes on', async ({ page, person }) => {
  await signIn(page, person);
  for (const path of ['/login', '/register', '/']) {
    await page.goto(path);
    await expect(page, path).toHaveURL('/account');
  }
  await page.goto('/login?return_to=%2Faccount%2Fpassword');
  await expect(page).toHaveURL('/account/password');
});

test('a form that was left open works after signing in elsewhere', async ({ page, person, context }) => {
  await page.goto('/login');
  const second = await context.newPage();
  await signIn(second, person);
  await submitSignIn(page, person);
  await expect(page).toHaveURL('/account');
  await expectSignedIn(page, person);
});

test('signing in gives a new cookie, and the old one dies', { tag: '@once' }, async ({ page, request, person }) => {
  await signIn(page, person);
  const before = await page.context().storageState();
  await page.request.post('/_fn/sign_in', { form: { ...person } });
  const after = await page.context().storageState();
  expect(after.cookies.map(({ value }) => value)).not.toEqual(before.cookies.map(({ value }) => value));
  const cookie = before.cookies.map(({ name, value }) => `${name}=${value}`).join('; ');
  const response = await request.get('/account', { headers: { cookie }, maxRedirects: 0 });
  expect(response.status()).toBe(303);
});
