import { expectHeading, signIn } from '../fixtures/pages';
import { expect, test } from '../fixtures/test';
import { CATALOGUES, SAME_WORDS } from '../fixtures/words';

test('both catalogues have the same keys, and no German text is English', () => {
  const { en, de } = CATALOGUES;
  expect(en.size, 'the catalogue is read').toBeGreaterThan(100);
  expect([...de.keys()].sort()).toEqual([...en.keys()].sort());
  const same = [...en].filter(([key, text]) => de.get(key) === text && /\p{L}/u.test(text.replace(/\{.*?\}/g, '')));
  expect(same.filter(([, text]) => !SAME_WORDS.includes(text))).toEqual([]);
});

const preferences: [accept: string, language: string][] = [
  ['de', 'de'],
  ['de-AT,de;q=0.9,en;q=0.8', 'de'],
  ['en;q=0.5,de;q=0.7', 'de'],
  ['fr-FR,de;q=0.3', 'de'],
  ['en-GB,en;q=0.9', 'en'],
  ['fr', 'en'],
  ['de;q=0,en;q=0.1', 'en'],
  ['*', 'en'],
  ['</html><script>', 'en'],
];
for (const [accept, language] of preferences) {
  test(`Accept-Language: ${accept} gets ${language}`, async ({ request }) => {
    for (const path of ['/login', '/nowhere']) {
      const response = await request.get(path, { headers: { 'accept-language': accept } });
      expect(await response.text(), path).toMatch(new RegExp(`<html[^>]* lang="?${language}"?[ >]`));
      expect(response.headers()['vary'], path).toMatch(/accept-language/i);
    }
  });
}

test('an error outside of all pages speaks the language too', async ({ request }) => {
  const headers = {
    accept: 'text/html',
    'accept-language': 'de',
    origin: 'https://evil.example',
    'sec-fetch-site': 'cross-site',
  };
  const response = await request.post('/_fn/sign_in', { form: { email: 'x' }, headers });
  expect(response.status()).toBe(403);
  expect(await response.text()).toMatch(/lang="?de"?[ >]/);
});

test('a made-up language changes nothing', async ({ page, request, baseURL }) => {
  for (const language of ['xx', '', '"><script>', '../../etc/passwd']) {
    const response = await request.post('/_fn/set_language', { form: { language }, maxRedirects: 0 });
    expect(response.status(), language).toBeLessThan(500);
    expect(response.headers()['set-cookie'] ?? '', language).not.toMatch(/xx|script|passwd/);
  }
  await page.context().addCookies([{ name: 'language', value: 'xx">', url: baseURL }]);
  await page.goto('/login');
  await expect(page.locator('html')).toHaveAttribute('lang', 'en');
});

test('the way back of the switch stays on this site', async ({ request }) => {
  for (const target of ['//evil.example', 'https://evil.example/', '/\\evil.example']) {
    const form = { language: 'de', return_to: target, back: target };
    const response = await request.post('/_fn/set_language', { form, maxRedirects: 0, headers: { referer: target } });
    const location = response.headers()['location'] ?? '/';
    expect(new URL(location, 'http://here.example').host, location).toBe('here.example');
  }
});

test('each language is named in itself', async ({ page, person, watch }) => {
  watch.expectStatus(404);
  await signIn(page, person);
  for (const path of ['/login', '/account', '/account/activity', '/nowhere']) {
    const response = await page.goto(path);
    if (response?.status() === 404) await expectHeading(page, 'Page not found');
    const german = page.getByRole('contentinfo').getByRole('button', { name: 'Deutsch' });
    await expect(german).toHaveCount(1);
    await expect(page.locator('[lang="de"]').filter({ hasText: 'Deutsch' }).first()).toBeVisible();
  }
});
