import { type APIResponse, type Page } from '@playwright/test';

import { API } from '../fixtures/api';
import { newPerson } from '../fixtures/app';
import { signIn } from '../fixtures/pages';
import { expect, test } from '../fixtures/test';

const PAGES = ['/login', '/register', '/verify-email', '/forgot-password', '/reset-password', '/nowhere'];
const DATA = [`${API}/password/policy`, `${API}/me`, '/.well-known/jwks.json', '/health/ready'];

/** The directives of a content security policy by name. */
function policyOf(response: APIResponse): Record<string, string> {
  const directives = response.headers()['content-security-policy']?.split(';') ?? [];
  return Object.fromEntries(
    directives.map((directive) => {
      const [name = '', ...values] = directive.trim().split(/\s+/);
      return [name, values.join(' ')];
    }),
  );
}

function nonceOf(response: APIResponse): string {
  return /'nonce-([^']+)'/.exec(policyOf(response)['script-src'] ?? '')?.[1] ?? '';
}

for (const path of [...PAGES, ...DATA]) {
  test(`${path} carries the security headers`, async ({ request }) => {
    const headers = (await request.get(path)).headers();
    expect(headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'referrer-policy': expect.stringMatching(/^(same-origin|strict-origin)$/),
      'x-xss-protection': '0',
      'cross-origin-opener-policy': 'same-origin',
      'content-security-policy': expect.stringMatching(/frame-ancestors 'none'/),
      'x-request-id': expect.stringMatching(/\S/),
    });
    expect(headers, 'HSTS is for https alone').not.toHaveProperty('strict-transport-security');
    expect(headers).not.toHaveProperty('server');
    expect(headers).not.toHaveProperty('x-powered-by');
  });
}

for (const path of PAGES) {
  test(`${path} has a strict policy for its scripts`, async ({ request }) => {
    const [first, second] = [await request.get(path), await request.get(path)];
    const { 'content-security-policy': text } = first.headers();
    expect(text).not.toMatch(/'unsafe-inline'|'unsafe-eval'|'unsafe-hashes'|https?:|\*/);
    const policy = policyOf(first);
    expect(policy['default-src']).toMatch(/^'(none|self)'$/);
    expect(policy['object-src'] ?? policy['default-src']).toBe("'none'");
    expect(policy['base-uri']).toMatch(/^'(none|self)'$/);
    expect(policy['form-action']).toBe("'self'");
    expect(nonceOf(first)).toMatch(/^[\w+/=-]{22,}$/);
    expect(nonceOf(first)).not.toBe(nonceOf(second));
    for (const [, nonce] of (await first.text()).matchAll(/nonce="([^"]*)"/g)) {
      expect(nonce).toBe(nonceOf(first));
    }
  });
}

test('pages with secrets are never stored', async ({ page, person }) => {
  await signIn(page, person);
  for (const path of ['/account', '/account/password', '/login', '/reset-password', '/dev/mailbox']) {
    const response = await page.request.get(path, { maxRedirects: 0 });
    expect(response.headers()['cache-control'], path).toMatch(/\bno-store\b/);
  }
});

test('files of the site may be kept for ever', async ({ page }) => {
  const files: string[] = [];
  page.on('response', async (response) => {
    if (new URL(response.url()).pathname.startsWith('/pkg/')) {
      files.push(`${response.status()} ${(await response.allHeaders())['cache-control']}`);
    }
  });
  await page.goto('/login', { waitUntil: 'networkidle' });
  expect(files.length).toBeGreaterThan(1);
  expect(new Set(files)).toEqual(new Set(['200 public, max-age=31536000, immutable']));
});

/** The attributes of every cookie that an answer sets. */
function cookiesOf(response: APIResponse): { name: string; attributes: string[] }[] {
  return response
    .headersArray()
    .filter(({ name }) => name.toLowerCase() === 'set-cookie')
    .map(({ value }) => {
      const [pair = '', ...attributes] = value.split(/;\s*/);
      return { name: pair.split('=')[0]!, attributes };
    });
}

async function post(page: Page, path: string, form: Record<string, string>): Promise<APIResponse> {
  return page.request.post(path, { form, maxRedirects: 0 });
}

test('cookies are out of reach for scripts and other sites', async ({ page, person }) => {
  const answers = {
    'a sign-in': await post(page, '/_fn/sign_in', { ...person }),
    'a refused sign-in': await post(page, '/_fn/sign_in', { ...person, password: 'wrong' }),
    'a refused registration': await post(page, '/_fn/register', { ...newPerson(), password: 'weak' }),
  };
  for (const [what, answer] of Object.entries(answers)) {
    expect(answer.status(), what).toBe(303);
    expect(answer.headers()['cache-control'], what).toMatch(/\bno-store\b/);
    const cookies = cookiesOf(answer);
    expect(cookies.length, what).toBeGreaterThan(0);
    for (const { name, attributes } of cookies) {
      expect(attributes, `${what}: ${name}`).toEqual(
        expect.arrayContaining(['HttpOnly', 'SameSite=Lax', 'Path=/']),
      );
      expect(attributes.join(), `${what}: ${name}`).not.toMatch(/domain=/i);
    }
  }
});

test('looking at pages sets no cookie', async ({ request }) => {
  for (const path of PAGES) {
    expect(cookiesOf(await request.get(path)), path).toEqual([]);
  }
});
