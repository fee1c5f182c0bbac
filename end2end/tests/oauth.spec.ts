import type { Page } from '@playwright/test';

import { newPerson } from '../fixtures/app';
import { type App, type AppOptions, shownBy } from '../fixtures/clients/app';
import { authlib } from '../fixtures/clients/authlib';
import type { Algorithm } from '../fixtures/clients/client';
import { openidClient } from '../fixtures/clients/openid_client';
import { openidClient5 } from '../fixtures/clients/openid_client_5';
import { expect, expectFlowPages, pathsOf, test, watchWay } from '../fixtures/clients/test';
import { MAILS } from '../fixtures/mailbox';
import { enterCode, expectHeading, field, press, send, signIn, submitSignIn } from '../fixtures/pages';
import { baseURL } from '../fixtures/server';

// The first client of a run waits for its keys.
test.describe.configure({ timeout: 120_000 });

/** What an app knows of a user by the scopes that it asks for. */
const userClaims = (member: { id: string; email: string }) => ({
  sub: member.id,
  name: 'Zoë Ångström',
  given_name: 'Zoë',
  family_name: 'Ångström',
  preferred_username: member.email,
  locale: 'en',
  updated_at: expect.any(Number),
  email: member.email,
  email_verified: true,
});

const idClaims = (app: App, member: { id: string; email: string }, algorithm: Algorithm) => ({
  ...userClaims(member),
  iss: baseURL,
  aud: app.client.id,
  iat: expect.any(Number),
  exp: expect.any(Number),
  jti: expect.any(String),
  auth_time: expect.any(Number),
  acr: 'aal1',
  amr: ['pwd'],
  sid: expect.any(String),
  nonce: expect.any(String),
  ...(algorithm === 'EdDSA' ? {} : { at_hash: expect.any(String) }),
});

/** Begins at the app, as its users do, until a page is there again: one of the portal, or the app's own. */
async function begin(page: Page, app: App): Promise<void> {
  await page.goto(app.origin);
  const loaded = page.waitForEvent('load');
  await page.getByRole('link', { name: 'Sign in', exact: true }).click();
  await loaded;
}

/** The browser is back at the app, which knows who it is. */
async function expectSignedInTo(page: Page, app: App, member: { id: string }): Promise<void> {
  await expect(page).toHaveURL(`${app.origin}/`);
  expect(await shownBy(page)).toMatchObject({ claims: { sub: member.id, aud: app.client.id } });
}

/** What the app shows at one of its paths. */
async function at(page: Page, app: App, path: string): Promise<unknown> {
  await page.goto(app.origin + path);
  return shownBy(page);
}

const WAYS: ({ title: string } & AppOptions)[] = [
  { title: 'openid-client 6', library: openidClient },
  { title: 'openid-client 6 with ES256', library: openidClient, algorithm: 'ES256' },
  { title: 'openid-client 6 with EdDSA', library: openidClient, algorithm: 'EdDSA' },
  { title: 'openid-client 6 without a secret', library: openidClient, kind: 'spa' },
  { title: 'openid-client 5', library: openidClient5 },
  { title: 'Authlib', library: authlib },
];

for (const { title, ...options } of WAYS) {
  test(`a user who is signed out signs in to an app of ${title}`, async ({ page, openApp, member }) => {
    const algorithm = options.algorithm ?? 'RS256';
    const app = await openApp(options);
    const way = watchWay(page);
    await begin(page, app);
    await expect(page.getByRole('main')).toContainText('to continue to Kitchen radio');
    await submitSignIn(page, member);

    await expect(page).toHaveURL(`${app.origin}/`);
    expectFlowPages(way);
    const first = (await shownBy(page)) as { claims: object };
    expect(first).toEqual({
      header: { alg: algorithm, kid: expect.any(String), typ: 'JWT' },
      claims: idClaims(app, member, algorithm),
      scope: 'openid profile email',
    });

    const { nonce: _, jti, iat, exp, at_hash, ...same } = first.claims as Record<string, unknown>;
    const refreshed = (await at(page, app, '/refresh')) as { claims: object };
    expect(refreshed).toMatchObject({ claims: same, isNew: true });
    expect(refreshed.claims).not.toHaveProperty('nonce');
    expect(await at(page, app, '/userinfo')).toEqual(userClaims(member));
  });
}

test('a user who is signed in comes back without a page', async ({ page, openApp, member }) => {
  const app = await openApp();
  await signIn(page, member);
  const way = watchWay(page);
  await begin(page, app);
  await expectSignedInTo(page, app, member);
  expect(pathsOf(way)).toEqual(['/oauth2/authorize']);
});

test('an app that asks for no page gets none', async ({ page, openApp, member }) => {
  const app = await openApp();
  const way = watchWay(page);
  expect(await at(page, app, '/login?prompt=none')).toEqual({ error: 'login_required' });
  await signIn(page, member);
  way.length = 0;
  await page.goto(`${app.origin}/login?prompt=none`);
  await expectSignedInTo(page, app, member);
  expect(pathsOf(way)).toEqual(['/oauth2/authorize']);
});

test('a visitor who registers on the way confirms the address and lands in the app', async ({
  page,
  openApp,
  mailbox,
}) => {
  const app = await openApp();
  const person = newPerson();
  const way = watchWay(page);
  await begin(page, app);
  await page.getByRole('link', { name: 'Create an account' }).click();
  await expect(page.getByRole('main')).toContainText('to continue to Kitchen radio');
  await field(page).email.fill(person.email);
  await field(page).password.fill(person.password);
  await send(page, 'register');
  await expect(page).toHaveURL(({ pathname }) => pathname === '/verify-email');
  const { code } = await mailbox.newest(person.email, MAILS.confirm);
  await enterCode(page, code!);
  await expect(page).toHaveURL(`${app.origin}/`);
  expect(await shownBy(page)).toMatchObject({ claims: { email: person.email, email_verified: true } });
  expectFlowPages(way);
});

test('an app of others is agreed to once', async ({ page, openApp, member }) => {
  const app = await openApp({ isFirstParty: false });
  const way = watchWay(page);
  await begin(page, app);
  await submitSignIn(page, member);
  await expectHeading(page, 'Continue to Kitchen radio?');
  const main = page.getByRole('main');
  await expect(main).toContainText(`You are signed in as ${member.email}.`);
  await expect(main).toContainText('It is at 127.0.0.1.');
  await expect(main.getByRole('listitem')).toHaveText([
    'recognize you when you come back',
    'see your name and language',
    'see your email address',
  ]);
  await press(page, 'Continue');
  await expectSignedInTo(page, app, member);
  expectFlowPages(way);

  way.length = 0;
  await begin(page, app);
  await expectSignedInTo(page, app, member);
  expect(pathsOf(way), 'it is not asked again').toEqual(['/oauth2/authorize']);
});

test('who says no comes back to the app without anything, and is asked again', async ({ page, openApp, member }) => {
  const app = await openApp({ isFirstParty: false });
  await signIn(page, member);
  const way = watchWay(page);
  for (const times of [1, 2]) {
    await begin(page, app);
    await expectHeading(page, 'Continue to Kitchen radio?');
    await press(page, 'Cancel');
    await expect(page, `time ${times}`).toHaveURL(({ origin }) => origin === app.origin);
    expect(await shownBy(page)).toEqual({ error: 'access_denied' });
  }
  expectFlowPages(way);
  expect(await at(page, app, '/')).toBe(null);
});

test("a program on the user's own machine gets in by a press, each time", async ({ page, openApp, member }) => {
  // At any port.
  const app = await openApp({ kind: 'native', redirectUri: 'http://127.0.0.1/callback' });
  await signIn(page, member);
  for (const times of [1, 2]) {
    await begin(page, app);
    await expectHeading(page, 'Continue to Kitchen radio?');
    await expect(page.getByRole('main').getByRole('listitem'), `time ${times}`).toHaveCount(0);
    await press(page, 'Continue');
    await expectSignedInTo(page, app, member);
  }
});

test('what an app has ends when the user signs out', async ({ page, openApp, member }) => {
  const app = await openApp();
  await begin(page, app);
  await submitSignIn(page, member);
  await expectSignedInTo(page, app, member);
  expect(await at(page, app, '/refresh')).toMatchObject({ isNew: true });

  await page.goto('/account');
  await send(page.getByRole('banner'), 'sign_out');
  await expect(page).toHaveURL(/\/login/);
  expect(await at(page, app, '/refresh')).toEqual({ error: 'invalid_grant' });
  expect(await at(page, app, '/userinfo')).toEqual({ error: 'invalid_token' });
});

test('nothing is sent to an address that is not registered', async ({ page, openApp, member, watch }) => {
  watch.expectStatus(400);
  const app = await openApp();
  await signIn(page, member);
  const requested: string[] = [];
  page.on('request', (request) => requested.push(request.url()));
  const elsewhere = [
    `${app.redirectUri}/`,
    `${app.redirectUri}?a=1`,
    app.redirectUri.replace('127.0.0.1', 'localhost'),
    app.redirectUri.replace(/:\d+/, ''),
    'https://elsewhere.example/callback',
  ];
  for (const uri of elsewhere) {
    const response = await page.goto(`${app.origin}/login?redirect_uri=${encodeURIComponent(uri)}`);
    expect(response!.status(), uri).toBe(400);
    expect(response!.headers(), uri).not.toHaveProperty('location');
    await expectHeading(page, 'This address is not registered');
    await expect(page).toHaveURL(({ origin, pathname }) => origin + pathname === `${baseURL}/oauth2/authorize`);
  }
  expect(requested.filter((url) => elsewhere.some((uri) => url.startsWith(uri)))).toEqual([]);

  await page.goto('/oauth2/authorize?client_id=nobody&response_type=code&scope=openid');
  await expectHeading(page, 'This app is not known here');
});

test.describe('apps side by side', () => {
  interface Tab {
    app: App;
    tab: Page;
  }

  const openTabs = async (page: Page, openApp: (options?: AppOptions) => Promise<App>, count: number) => {
    const tabs: Tab[] = [];
    for (let number = 1; number <= count; number += 1) {
      const app = await openApp({ name: `Radio ${number}` });
      const tab = await page.context().newPage();
      await begin(tab, app);
      await expect(tab.getByRole('main')).toContainText(`to continue to ${app.name}`);
      tabs.push({ app, tab });
    }
    return tabs;
  };

  test('five tabs of five apps all finish, in any order', async ({ page, openApp, member }) => {
    const tabs = await openTabs(page, openApp, 5);
    const order = [2, 0, 4, 1, 3].map((index) => tabs[index]!);
    for (const [turn, { app, tab }] of order.entries()) {
      // The others are signed in by then, and some of them are loaded anew.
      if (turn % 2 === 0) await submitSignIn(tab, member);
      else await tab.reload({ waitUntil: 'commit' });
      await expectSignedInTo(tab, app, member);
    }
    // Each later sign-in took over what the apps had of the one before.
    for (const { app, tab } of tabs) {
      expect(await at(tab, app, '/refresh'), app.name).toMatchObject({ claims: { sub: member.id }, isNew: true });
    }
  });

  test('a sixth app takes the place of the first, which says what to open again', async ({
    page,
    openApp,
    member,
    watch,
  }) => {
    watch.expectStatus(400);
    const tabs = await openTabs(page, openApp, 6);
    const [first, last] = [tabs[0]!, tabs[5]!];
    await submitSignIn(first.tab, member);
    await expectHeading(first.tab, 'This sign-in is finished or has expired');
    await expect(first.tab.getByRole('main')).toContainText('Open Radio 1 again to sign in to it.');
    await last.tab.reload({ waitUntil: 'commit' });
    await expectSignedInTo(last.tab, last.app, member);
    await begin(first.tab, first.app);
    await expectSignedInTo(first.tab, first.app, member);
  });
});

test('a window that an app opens for the sign-in keeps its opener', async ({
  page,
  openApp,
  member,
  javaScriptEnabled,
}) => {
  test.skip(javaScriptEnabled === false, 'only scripts open windows');
  const app = await openApp({ isFirstParty: false });
  const hasOpener = (opened: Page) => opened.evaluate(() => window.opener !== null);
  await page.goto(app.origin);
  const opening = page.waitForEvent('popup');
  await page.getByRole('button', { name: 'Sign in in a window' }).click();
  const popup = await opening;
  await expect(popup.getByRole('main')).toContainText('to continue to Kitchen radio');
  expect(await hasOpener(popup), 'at the sign-in').toBe(true);
  await submitSignIn(popup, member);
  await expectHeading(popup, 'Continue to Kitchen radio?');
  expect(await hasOpener(popup), 'after a form').toBe(true);
  await press(popup, 'Continue');
  await expectSignedInTo(popup, app, member);
  await expect(page.getByRole('status'), 'the app heard of it').toHaveText(member.id);

  await popup.evaluate((url) => window.location.assign(url), `${baseURL}/account`);
  await expect(popup).toHaveURL('/account');
  expect(await hasOpener(popup), 'at the account').toBe(false);
});
