import { randomUUID } from 'node:crypto';

import { API, expectProblem, sessionShape, signedInShape, userShape } from '../fixtures/api';
import { OTHER_PASSWORD, WEAK_PASSWORD, newPerson, uniqueEmail } from '../fixtures/app';
import { MAILS, tokenOf } from '../fixtures/mailbox';
import { expect, test } from '../fixtures/test';

test.describe('registration', () => {
  test('answers 201 with user and tokens', async ({ api }) => {
    const person = newPerson();
    const response = await api.post('/register', person);
    expect(response.status()).toBe(201);
    expect(response.headers()['content-type']).toBe('application/json');
    expect(response.headers()['cache-control']).toBe('no-store');
    expect(await response.json()).toEqual(signedInShape(userShape(person.email)));
  });

  test('keeps the names and ignores unknown fields', async ({ api }) => {
    const names = { first_name: 'Zoë', last_name: 'Ångström' };
    const response = await api.post('/register', { ...newPerson(), ...names, is_active: false });
    expect(response.status()).toBe(201);
    expect((await response.json()).user).toMatchObject({ ...names, is_active: true });
  });

  test('refuses a taken address in any spelling', async ({ api, person }) => {
    const again = { ...person, email: person.email.toUpperCase() };
    await expectProblem(await api.post('/register', again), 409, 'email_taken');
  });

  test('names every invalid field', async ({ api }) => {
    const body = { email: 'zoe@example', password: 'short', first_name: 'a\u202eb' };
    const errors = {
      email: 'invalid_email',
      password: 'too_short',
      first_name: 'invalid_characters',
    };
    await expectProblem(await api.post('/register', body), 400, 'validation_failed', errors);
  });

  const passwords = { '': 'required', password1: 'too_common', [WEAK_PASSWORD]: 'too_weak' };
  for (const [password, code] of Object.entries(passwords)) {
    test(`refuses the password "${password}": ${code}`, async ({ api }) => {
      const response = await api.post('/register', { email: uniqueEmail(), password });
      await expectProblem(response, 400, 'validation_failed', { password: code });
    });
  }
});

test.describe('sign-in', () => {
  test('answers with user and tokens', async ({ api, person }) => {
    const response = await api.post('/login', person);
    expect(response.status()).toBe(200);
    expect(response.headers()['cache-control']).toBe('no-store');
    const user = { ...userShape(person.email), last_login_at: expect.any(String) };
    expect(await response.json()).toEqual(signedInShape(user));
  });

  test('answers a wrong password and an unknown address alike', async ({ api, person }) => {
    for (const wrong of [
      { ...person, password: OTHER_PASSWORD },
      { ...person, password: '' },
      { ...person, email: uniqueEmail() },
      { ...person, email: 'no address' },
    ]) {
      await expectProblem(await api.post('/login', wrong), 401, 'invalid_credentials');
    }
  });

  test('takes the password exactly as it was set', async ({ api, person }) => {
    for (const password of [`${person.password} `, person.password.toUpperCase()]) {
      const response = await api.post('/login', { ...person, password });
      await expectProblem(response, 401, 'invalid_credentials');
    }
  });
});

test.describe('me', () => {
  test('shows and changes the names', async ({ api }) => {
    const { email, access_token, user } = await api.register();
    const me = await api.get('/me', access_token);
    expect(me.status()).toBe(200);
    expect(me.headers()['cache-control']).toBe('no-store');
    expect(await me.json()).toEqual(userShape(email));

    const changed = await api.patch('/me', { first_name: 'Zoë' }, access_token);
    expect(changed.status()).toBe(200);
    expect(await changed.json()).toMatchObject({ id: user.id, first_name: 'Zoë', last_name: null });

    const removed = await api.patch('/me', { first_name: null, last_name: 'Lee' }, access_token);
    expect(await removed.json()).toMatchObject({ first_name: null, last_name: 'Lee' });
    const faulty = await api.patch('/me', { last_name: 'x'.repeat(101) }, access_token);
    await expectProblem(faulty, 400, 'validation_failed', { last_name: 'too_long' });
  });

  test('wants a token, and never a cookie', async ({ api, page, person }) => {
    await expectProblem(await api.get('/me'), 401, 'unauthenticated');
    await expectProblem(await api.get('/me', 'nonsense'), 401, 'unauthenticated');
    const signIn = await page.request.post('/_fn/sign_in', {
      form: { email: person.email, password: person.password },
    });
    expect(signIn.ok()).toBe(true);
    expect((await page.request.get('/account')).url()).toMatch(/\/account$/);
    await expectProblem(await page.request.get(`${API}/me`), 401, 'unauthenticated');
  });
});

test.describe('refresh', () => {
  test('gives one successor to a token that is sent twice', async ({ api }) => {
    const { refresh_token, user } = await api.register();
    const first = await api.post('/refresh', { refresh_token });
    expect(first.status()).toBe(200);
    expect(first.headers()['cache-control']).toBe('no-store');
    const rotated = await first.json();
    expect(rotated).toEqual(signedInShape(userShape(user.email)));
    expect(rotated.refresh_token).not.toBe(refresh_token);

    const [second, third] = await Promise.all([
      api.post('/refresh', { refresh_token }),
      api.post('/refresh', { refresh_token }),
    ]);
    expect((await second.json()).refresh_token).toBe(rotated.refresh_token);
    expect((await third.json()).refresh_token).toBe(rotated.refresh_token);
    const next = await api.post('/refresh', { refresh_token: rotated.refresh_token });
    expect(next.status()).toBe(200);
  });

  test('ends the family of an outdated token, and no other', async ({ api, mailbox }) => {
    const person = await api.register();
    const other = await api.login(person);
    const outdated = person.refresh_token;
    const second = await (await api.post('/refresh', { refresh_token: outdated })).json();
    const third = await (await api.post('/refresh', second)).json();

    const replayed = await api.post('/refresh', { refresh_token: outdated });
    await expectProblem(replayed, 401, 'refresh_token_reused');
    const { refresh_token, access_token } = third;
    await expectProblem(await api.post('/refresh', { refresh_token }), 401, 'invalid_refresh_token');
    await expectProblem(await api.get('/me', access_token), 401, 'unauthenticated');
    expect((await api.get('/me', other.access_token)).status()).toBe(200);
    await mailbox.newest(person.email, MAILS.sessionEnded);
  });

  test('refuses what is no refresh token', async ({ api, person }) => {
    const { access_token } = await api.login(person);
    for (const refresh_token of ['', 'nonsense', 'A'.repeat(86), access_token]) {
      const response = await api.post('/refresh', { refresh_token });
      await expectProblem(response, 401, 'invalid_refresh_token');
    }
  });
});

test.describe('sessions', () => {
  test('are listed with the current one marked', async ({ api, person }) => {
    const desk = await api.login(person, { device_name: 'Desk' });
    const phone = await api.login(person, { device_name: 'Phone' });
    const sessions = await api.sessions(phone.access_token);
    expect(sessions).toHaveLength(2);
    for (const session of sessions) expect(session).toEqual(sessionShape('api', 'password'));
    expect(sessions.map(({ device, current }) => [device, current]).sort()).toEqual([
      ['Desk', false],
      ['Phone', true],
    ]);
    const registered = await api.register();
    expect(await api.sessions(registered.access_token)).toEqual([
      sessionShape('api', 'registration'),
    ]);
    expect(desk.user.id).toBe(phone.user.id);
  });

  test('end one by one, and only for their owner', async ({ api, person }) => {
    const desk = await api.login(person, { device_name: 'Desk' });
    const phone = await api.login(person, { device_name: 'Phone' });
    const stranger = await api.register();
    const { id } = (await api.sessions(desk.access_token)).find(({ current }) => !current)!;

    const strange = await api.delete(`/sessions/${id}`, stranger.access_token);
    await expectProblem(strange, 404, 'not_found');
    const ended = await api.delete(`/sessions/${id}`, desk.access_token);
    expect(ended.status()).toBe(204);
    await expectProblem(await api.get('/me', phone.access_token), 401, 'unauthenticated');
    expect((await api.get('/me', desk.access_token)).status()).toBe(200);
    for (const gone of [id, randomUUID(), 'nonsense']) {
      const response = await api.delete(`/sessions/${gone}`, desk.access_token);
      await expectProblem(response, 404, 'not_found');
    }
  });

  test('end by logout, with their tokens', async ({ api, person }) => {
    const { access_token, refresh_token } = await api.login(person);
    expect((await api.post('/logout', undefined, access_token)).status()).toBe(204);
    await expectProblem(await api.get('/me', access_token), 401, 'unauthenticated');
    await expectProblem(await api.post('/refresh', { refresh_token }), 401, 'invalid_refresh_token');
    await expectProblem(await api.post('/logout', undefined, access_token), 401, 'unauthenticated');
  });

  test('end all at once, or all but one', async ({ api, person }) => {
    const [first, second] = [await api.login(person), await api.login(person)];
    const keep = await api.post('/logout-all', { keep_current: true }, second.access_token);
    expect(keep.status()).toBe(204);
    await expectProblem(await api.get('/me', first.access_token), 401, 'unauthenticated');
    expect((await api.get('/me', second.access_token)).status()).toBe(200);
    const all = await api.post('/logout-all', undefined, second.access_token);
    expect(all.status()).toBe(204);
    await expectProblem(await api.get('/me', second.access_token), 401, 'unauthenticated');
  });
});

test.describe('passwords', () => {
  test('change ends the other sessions', async ({ api, mailbox }) => {
    const person = await api.register();
    const other = await api.login(person);
    const { access_token } = person;
    const change = (current_password: string, new_password: string) =>
      api.post('/password/change', { current_password, new_password }, access_token);

    const wrong = await change(OTHER_PASSWORD, 'third tidal walnut 61');
    await expectProblem(wrong, 401, 'invalid_credentials');
    const weak = await change(person.password, WEAK_PASSWORD);
    await expectProblem(weak, 400, 'validation_failed', { new_password: 'too_weak' });
    expect((await api.get('/me', other.access_token)).status()).toBe(200);

    expect((await change(person.password, OTHER_PASSWORD)).status()).toBe(204);
    await expectProblem(await api.get('/me', other.access_token), 401, 'unauthenticated');
    expect((await api.get('/me', access_token)).status()).toBe(200);
    await expectProblem(await api.post('/login', person), 401, 'invalid_credentials');
    await api.login({ ...person, password: OTHER_PASSWORD });
    await mailbox.newest(person.email, MAILS.changed);
  });

  test('forgot answers alike for every address', async ({ api, person }) => {
    const known = await api.post('/password/forgot', { email: person.email });
    const unknown = await api.post('/password/forgot', { email: uniqueEmail() });
    expect([known.status(), unknown.status()]).toEqual([200, 200]);
    expect(await known.json()).toEqual({ message: expect.stringMatching(/\S/) });
    expect(await unknown.json()).toEqual(await known.json());
    const faulty = await api.post('/password/forgot', { email: 'zoe@' });
    await expectProblem(faulty, 400, 'validation_failed', { email: 'invalid_email' });
  });

  test('reset works once and ends every session', async ({ api, mailbox }) => {
    const person = await api.register();
    await api.post('/password/forgot', { email: person.email });
    const token = tokenOf(await mailbox.newest(person.email, MAILS.reset));
    const reset = (new_password: string) => api.post('/password/reset', { token, new_password });

    const weak = await reset(WEAK_PASSWORD);
    await expectProblem(weak, 400, 'validation_failed', { new_password: 'too_weak' });
    const done = await reset(OTHER_PASSWORD);
    expect(done.status()).toBe(200);
    expect(await done.json()).toEqual({ message: expect.stringMatching(/\S/) });
    await expectProblem(await reset(OTHER_PASSWORD), 400, 'invalid_token');
    await expectProblem(await api.get('/me', person.access_token), 401, 'unauthenticated');
    await api.login({ ...person, password: OTHER_PASSWORD });
    await mailbox.newest(person.email, MAILS.changed);
  });

  test('one link gives one reset, however often it is used at once', async ({ api, person, mailbox }) => {
    await api.post('/password/forgot', { email: person.email });
    const token = tokenOf(await mailbox.newest(person.email, MAILS.reset));
    const tries = Array.from({ length: 8 }, (_, n) =>
      api.post('/password/reset', { token, new_password: `${OTHER_PASSWORD}${n}` }),
    );
    const statuses = (await Promise.all(tries)).map((response) => response.status());
    expect(statuses.sort()).toEqual([200, 400, 400, 400, 400, 400, 400, 400]);
  });

  test('a newer link replaces the older', async ({ api, person, mailbox }) => {
    await api.post('/password/forgot', { email: person.email });
    const older = tokenOf(await mailbox.newest(person.email, MAILS.reset));
    await api.post('/password/forgot', { email: person.email });
    const newer = tokenOf(await mailbox.newest(person.email, MAILS.reset, 2));
    const new_password = OTHER_PASSWORD;
    const refused = await api.post('/password/reset', { token: older, new_password });
    await expectProblem(refused, 400, 'invalid_token');
    expect((await api.post('/password/reset', { token: newer, new_password })).status()).toBe(200);
  });

  test('the policy is reported', async ({ api }) => {
    const response = await api.get('/password/policy');
    expect(response.status()).toBe(200);
    expect(await response.json()).toMatchObject({ min_length: 8 });
  });
});

test.describe('address', () => {
  test('is verified by the mailed token, once', async ({ api, mailbox }) => {
    const { email, access_token } = await api.register();
    const token = tokenOf(await mailbox.newest(email, MAILS.confirm));
    const verified = await api.post('/email/verify', { token });
    expect(verified.status()).toBe(200);
    expect(await verified.json()).toMatchObject({ email, is_email_verified: true });
    await expectProblem(await api.post('/email/verify', { token }), 400, 'invalid_token');
    const me = await api.get('/me', access_token);
    expect(await me.json()).toMatchObject({ is_email_verified: true });
  });

  test('is verified by the code, which a few wrong ones use up', async ({ api, mailbox }) => {
    const { email } = await api.register();
    const { code } = await mailbox.newest(email, MAILS.confirm);
    const wrong = code === '000000' ? '000001' : '000000';
    await expectProblem(await api.post('/email/verify', { email, code: wrong }), 400, 'invalid_token');
    expect((await api.post('/email/verify', { email, code })).status()).toBe(200);

    const other = await api.register();
    const mail = await mailbox.newest(other.email, MAILS.confirm);
    for (let entry = 0; entry < 5; entry += 1) {
      const guess = { email: other.email, code: mail.code === wrong ? code : wrong };
      await expectProblem(await api.post('/email/verify', guess), 400, 'invalid_token');
    }
    const late = await api.post('/email/verify', { email: other.email, code: mail.code });
    await expectProblem(late, 400, 'invalid_token');
  });

  test('gets a new mail on request; the answer is the same for all', async ({ api, person, mailbox }) => {
    const older = tokenOf(await mailbox.newest(person.email, MAILS.confirm));
    const known = await api.post('/email/resend', { email: person.email });
    const unknown = await api.post('/email/resend', { email: uniqueEmail() });
    expect([known.status(), unknown.status()]).toEqual([200, 200]);
    expect(await unknown.json()).toEqual(await known.json());
    const newer = tokenOf(await mailbox.newest(person.email, MAILS.confirm, 2));
    await expectProblem(await api.post('/email/verify', { token: older }), 400, 'invalid_token');
    expect((await api.post('/email/verify', { token: newer })).status()).toBe(200);
  });
});

test.describe('every answer', () => {
  test('carries a request id, and keeps a well-formed one', async ({ request }) => {
    const ask = async (id?: string) => {
      const headers: Record<string, string> = id ? { 'x-request-id': id } : {};
      return (await request.get(`${API}/password/policy`, { headers })).headers()['x-request-id'];
    };
    const own = randomUUID();
    expect(await ask(own)).toBe(own);
    const [first, second] = [await ask(), await ask()];
    expect(first).toMatch(/^[\w-]{8,}$/);
    expect(second).not.toBe(first);
    for (const bad of ['x'.repeat(500), 'a<script>b', 'spaces are none']) {
      expect(await ask(bad)).not.toBe(bad);
    }
  });

  test('to an unknown path or method is a problem document', async ({ api, request }) => {
    await expectProblem(await api.get('/nowhere'), 404, 'not_found');
    await expectProblem(await request.put(`${API}/login`, { data: {} }), 405, 'method_not_allowed');
  });
});

test('OpenAPI is served and names every endpoint', async ({ request }) => {
  const response = await request.get('/api/v1/openapi.json');
  expect(response.status()).toBe(200);
  const { openapi, paths } = await response.json();
  expect(openapi).toMatch(/^3\.1\./);
  const methods = (path: string) => Object.keys(paths[API + path] ?? {}).sort();
  const endpoints: Record<string, string[]> = {
    '/register': ['post'],
    '/login': ['post'],
    '/refresh': ['post'],
    '/logout': ['post'],
    '/logout-all': ['post'],
    '/me': ['delete', 'get', 'patch'],
    '/events': ['get'],
    '/email/change': ['post'],
    '/password/forgot': ['post'],
    '/password/reset': ['post'],
    '/password/change': ['post'],
    '/password/policy': ['get'],
    '/email/verify': ['post'],
    '/email/resend': ['post'],
    '/sessions': ['get'],
    '/sessions/{id}': ['delete'],
  };
  const served = Object.fromEntries(Object.keys(endpoints).map((path) => [path, methods(path)]));
  expect(served).toEqual(endpoints);
});

test('the API pages work without an error', async ({ page }) => {
  await page.goto('/api/docs');
  const policy = page.getByRole('button', { name: /\/password\/policy/ }).first();
  await policy.click();
  await page.getByRole('button', { name: 'Try it out' }).click();
  await page.getByRole('button', { name: 'Execute' }).click();
  await expect(page.getByText('"min_length": 8').first()).toBeVisible();
});

test('health answers', async ({ request }) => {
  for (const path of ['/health', '/health/live', '/health/ready']) {
    expect((await request.get(path)).status(), path).toBe(200);
  }
});

test('password managers find the page that changes the password', async ({ request }) => {
  const response = await request.get('/.well-known/change-password', { maxRedirects: 0 });
  expect(response.status()).toBe(302);
  expect(response.headers()['location']).toMatch(/\/account\/password$/);
});

test.describe('another address', () => {
  test('is asked first, and the old one is notified', async ({ api, mailbox }) => {
    const { access_token, email, password } = await api.register();
    await api.verifyEmail(await mailbox.newest(email, MAILS.confirm));
    const new_email = uniqueEmail();
    const response = await api.post('/email/change', { new_email, password }, access_token);
    expect(response.status()).toBe(202);
    expect(await response.json()).toEqual({ message: expect.stringMatching(/\S/) });
    await mailbox.newest(email, MAILS.emailChangeRequested);
    expect(await (await api.get('/me', access_token)).json()).toMatchObject({ email });
    const verified = await api.verifyEmail(await mailbox.newest(new_email, MAILS.confirmNewEmail));
    expect(await verified.json()).toMatchObject({ email: new_email, is_email_verified: true });
    await mailbox.newest(email, MAILS.emailChanged);
  });

  test('takes the password each time', async ({ api, person }) => {
    const { access_token } = await api.login(person);
    const new_email = uniqueEmail();
    const missing = await api.post('/email/change', { new_email }, access_token);
    await expectProblem(missing, 400, 'validation_failed', { password: 'required' });
    const wrong = await api.post('/email/change', { new_email, password: OTHER_PASSWORD }, access_token);
    await expectProblem(wrong, 401, 'invalid_credentials');
    await expectProblem(await api.post('/email/change', { new_email, password: person.password }), 401, 'unauthenticated');
  });

  test('is another one', async ({ api, person }) => {
    const { access_token } = await api.login(person);
    const body = { new_email: person.email, password: person.password };
    const response = await api.post('/email/change', body, access_token);
    await expectProblem(response, 400, 'validation_failed', { new_email: 'unchanged' });
  });
});

test.describe('deleting the account', () => {
  test('signs out everywhere, and says when it is gone', async ({ api, person, mailbox }) => {
    const [first, second] = [await api.login(person), await api.login(person)];
    await expectProblem(
      await api.delete('/me', first.access_token, { password: OTHER_PASSWORD }),
      401,
      'invalid_credentials',
    );
    const response = await api.delete('/me', first.access_token, { password: person.password });
    expect(response.status()).toBe(202);
    const { delete_at } = (await response.json()) as { delete_at: string };
    const days = (Date.parse(delete_at) - Date.now()) / (24 * 60 * 60 * 1000);
    expect(days).toBeGreaterThan(13.9);
    expect(days).toBeLessThanOrEqual(14);
    for (const { access_token } of [first, second]) {
      await expectProblem(await api.get('/me', access_token), 401, 'unauthenticated');
    }
    await expectProblem(await api.refresh(second.refresh_token), 401, 'invalid_refresh_token');
    await expectProblem(await api.post('/login', person), 401, 'invalid_credentials');
    await mailbox.newest(person.email, MAILS.deletionScheduled);
  });
});

test.describe('the history', () => {
  test('is the own one, newest first, page by page', async ({ api, person }) => {
    await api.person();
    await api.post('/login', { ...person, password: OTHER_PASSWORD });
    const { access_token } = await api.login(person);
    // What changes nothing is written down a moment later.
    await expect(async () => {
      const response = await api.get('/events?filter=failed', access_token);
      expect((await response.json()).events).toHaveLength(1);
    }).toPass({ timeout: 5_000 });
    const seen: { event_type: string; success: boolean }[] = [];
    let query = '?limit=2';
    for (let page = 0; page < 10 && query !== ''; page += 1) {
      const response = await api.get(`/events${query}`, access_token);
      expect(response.status(), await response.text()).toBe(200);
      expect(response.headers()['cache-control']).toBe('no-store');
      const { events, next_cursor } = await response.json();
      expect(events.length).toBeLessThanOrEqual(2);
      seen.push(...events);
      query = next_cursor === null ? '' : `?limit=2&cursor=${encodeURIComponent(next_cursor)}`;
    }
    expect(seen[0]).toMatchObject({ event_type: 'login_success', success: true, ip_address: '127.0.0.1' });
    expect(seen[1]).toMatchObject({ event_type: 'login_failure', success: false });
    expect(seen.at(-1)).toMatchObject({ event_type: 'user_registered' });
  });

  for (const [query, field] of [
    ['limit=0', 'limit'],
    ['limit=101', 'limit'],
    ['limit=x', 'limit'],
    ['cursor=nonsense', 'cursor'],
  ] as const) {
    test(`refuses ${query}`, async ({ api, person }) => {
      const { access_token } = await api.login(person);
      const response = await api.get(`/events?${query}`, access_token);
      await expectProblem(response, 400, 'validation_failed', { [field]: 'invalid' });
    });
  }
});
