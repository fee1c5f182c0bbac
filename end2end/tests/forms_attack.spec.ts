import { type APIRequestContext, type APIResponse } from '@playwright/test';

import { API, expectProblem } from '../fixtures/api';
import { newPerson } from '../fixtures/app';
import { MAILS } from '../fixtures/mailbox';
import { signIn } from '../fixtures/pages';
import { announceBody } from '../fixtures/raw';
import { expect, test } from '../fixtures/test';

const SIGN_IN = '/_fn/sign_in';
const FORM = 'application/x-www-form-urlencoded';
const TEN_MEGABYTES = 10 * 1024 * 1024;
const MAX_BODY = 64 * 1024;

type Headers = Record<string, string>;

function post(request: APIRequestContext, path: string, data: string, headers: Headers = {}) {
  return request.post(path, { data, headers: { 'content-type': FORM, ...headers }, maxRedirects: 0 });
}

/** Refused with this status, and nobody signed in by it. */
async function expectRefused(response: APIResponse, status: number, request: APIRequestContext) {
  expect(response.status(), await response.text()).toBe(status);
  expect(response.headers()['set-cookie']).toBeUndefined();
  expect((await request.storageState()).cookies).toEqual([]);
}

test.describe('a form from elsewhere is refused:', () => {
  const origins: Record<string, Headers> = {
    'another site': { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' },
    'another site, as an older browser names it': { origin: 'https://evil.example' },
    'a sibling': { origin: 'http://evil.127.0.0.1.example', 'sec-fetch-site': 'same-site' },
    'a sandboxed frame': { origin: 'null', 'sec-fetch-site': 'cross-site' },
    'no origin at all': { origin: 'null' },
    'another port': { origin: 'http://127.0.0.1:1' },
  };
  for (const [name, headers] of Object.entries(origins)) {
    test(name, async ({ request, person }) => {
      const form = new URLSearchParams({ ...person }).toString();
      await expectRefused(await post(request, SIGN_IN, form, headers), 403, request);
    });
  }

  test('a real one, with the cookies of a victim', async ({ page, person, watch, baseURL }) => {
    watch.expectStatus(403);
    await signIn(page, person);
    await page.route('http://evil.example/', (route) =>
      route.fulfill({
        contentType: 'text/html',
        body: `<form method="post" action="${baseURL}/_fn/sign_out"><button>Win a prize</button></form>`,
      }),
    );
    await page.goto('http://evil.example/');
    const answer = page.waitForResponse((response) => response.url().endsWith('/_fn/sign_out'));
    await page.getByRole('button').click();
    expect((await answer).status()).toBe(403);
    await page.goto('/account');
    await expect(page).toHaveURL('/account');
  });
});

test('the same form from a page of the portal is taken', async ({ request, person, baseURL }) => {
  const headers = { origin: baseURL!, 'sec-fetch-site': 'same-origin' };
  const response = await post(request, SIGN_IN, new URLSearchParams({ ...person }).toString(), headers);
  expect(response.status()).toBe(303);
  expect((await request.get('/account')).url()).toBe(`${baseURL}/account`);
});

test.describe('malformed', () => {
  test('JSON to a form: 415', async ({ request, person }) => {
    for (const type of ['application/json', 'text/plain', 'multipart/form-data; boundary=x', '']) {
      const response = await post(request, SIGN_IN, JSON.stringify(person), { 'content-type': type });
      await expectRefused(response, 415, request);
    }
  });

  test('a form to the API: 415', async ({ request, person }) => {
    const form = new URLSearchParams({ ...person }).toString();
    for (const type of [FORM, 'text/plain', 'text/plain; charset=application/json']) {
      const response = await post(request, `${API}/login`, form, { 'content-type': type });
      await expectProblem(response, 415, 'unsupported_media_type');
    }
  });

  const forms: Record<string, (email: string, password: string) => string> = {
    'a field twice': (email, password) => `email=${email}&email=${email}&password=${password}`,
    'a password twice': (email, password) => `email=${email}&password=x&password=${password}`,
    'a NUL in the address': (email, password) => `email=${email}%00&password=${password}`,
    'a NUL in the password': (email, password) => `email=${email}&password=${password}%00`,
    'bytes that are no UTF-8': (email, password) => `email=${email}&password=${password}%ff%fe`,
  };
  for (const [name, form] of Object.entries(forms)) {
    test(`${name}: 400`, async ({ request, person }) => {
      const [email, password] = [person.email, person.password].map(encodeURIComponent);
      await expectRefused(await post(request, SIGN_IN, form(email!, password!), {}), 400, request);
    });
  }

  const bodies: Record<string, string> = {
    'no JSON': '{"email":',
    'an array': '[]',
    'wrong types': '{"email": 1, "password": []}',
    'a missing field': '{"email": "zoe@example.org"}',
    'a NUL': '{"email": "zoe@example.org\\u0000", "password": "x"}',
    'a lone surrogate': '{"email": "zoe@example.org", "password": "\\ud800"}',
    'a field twice': '{"email": "a@example.org", "email": "b@example.org", "password": "x"}',
    'deep nesting': `{"email": ${'['.repeat(30_000)}${']'.repeat(30_000)}}`,
    nothing: '',
  };
  for (const [name, body] of Object.entries(bodies)) {
    test(`${name} to the API: 400`, async ({ request }) => {
      const response = await post(request, `${API}/login`, body, { 'content-type': 'application/json' });
      await expectProblem(response, 400, 'malformed_body');
    });
  }

  test('a line break in an address: 400', async ({ api }) => {
    const email = 'zoe@example.org\r\nBcc: eve@example.org';
    const response = await api.post('/register', { ...newPerson(), email });
    await expectProblem(response, 400, 'validation_failed', { email: 'invalid_email' });
  });
});

test('people get a page that says so', async ({ page, watch }) => {
  watch.expectStatus(400);
  await page.goto('/login');
  await page.locator(`form[action="${SIGN_IN}"]`).evaluate((form: HTMLFormElement) => {
    form.append(form.querySelector('#email')!.cloneNode());
    form.submit();
  });
  await expect(page).toHaveURL(SIGN_IN);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('We could not read that');
  await page.getByRole('main').getByRole('link').first().click();
  await expect(page).toHaveURL(/\/login/);
});

test.describe('ten megabytes: 413', () => {
  const beginning = 'x'.repeat(MAX_BODY + 1);

  test('to a form', async ({ baseURL }) => {
    const url = new URL(SIGN_IN, baseURL);
    const answer = await announceBody(url, FORM, TEN_MEGABYTES, `password=${beginning}`);
    expect(answer.status).toBe(413);
  });

  test('to the API', async ({ baseURL }) => {
    const url = new URL(`${API}/login`, baseURL);
    const answer = await announceBody(url, 'application/json', TEN_MEGABYTES, `{"email":"${beginning}`);
    expect(answer).toMatchObject({ status: 413, contentType: 'application/problem+json' });
    expect(JSON.parse(answer.body)).toMatchObject({ status: 413, code: 'body_too_large' });
  });

  test('and a little more than the limit is already too much', async ({ request, person }) => {
    const form = new URLSearchParams({ ...person, password: beginning }).toString();
    await expectRefused(await post(request, SIGN_IN, form), 413, request);
    const data = { ...person, password: beginning };
    await expectProblem(await request.post(`${API}/login`, { data }), 413, 'body_too_large');
  });
});

test.describe('a foreign host: 421', () => {
  for (const path of ['/login', '/api/v1/auth/password/policy', '/.well-known/jwks.json']) {
    test(path, async ({ request }) => {
      for (const host of ['evil.example', 'evil.example:80', '127.0.0.1.evil.example']) {
        const response = await request.get(path, { headers: { host } });
        expect(response.status(), host).toBe(421);
        expect(await response.text()).not.toContain('evil.example');
      }
    });
  }

  test('and no mail goes to it', async ({ api, request, person, mailbox, baseURL }) => {
    const data = { email: person.email };
    const path = `${API}/password/forgot`;
    const refused = await request.post(path, { data, headers: { host: 'evil.example' } });
    await expectProblem(refused, 421, 'misdirected_request');
    const headers = { 'x-forwarded-host': 'evil.example', forwarded: 'host=evil.example' };
    expect((await request.post(path, { data, headers })).status()).toBe(200);
    const mail = await mailbox.newest(person.email, MAILS.reset);
    expect(mail.text).toContain(`${baseURL}/reset-password?token=`);
    expect(mail.text).not.toContain('evil.example');
    expect((await api.get('/password/policy')).status()).toBe(200);
  });
});

test('a field that is missing counts as empty', async ({ request, person }) => {
  const response = await post(request, SIGN_IN, `email=${encodeURIComponent(person.email)}`);
  expect([response.status(), response.headers()['location']]).toEqual([303, '/login?cookies=check']);
  expect((await request.get('/account')).url()).toMatch(/\/login/);
});

test('a GET of a form action does nothing', async ({ request, person }) => {
  const query = new URLSearchParams({ ...person });
  const response = await request.get(`${SIGN_IN}?${query}`, { maxRedirects: 0 });
  await expectRefused(response, 405, request);
});
