import { spawnSync } from 'node:child_process';
import { generateKeyPairSync, sign } from 'node:crypto';

import { type APIRequestContext } from '@playwright/test';
import { type JSONWebKeySet, type JWK, createLocalJWKSet, createRemoteJWKSet, jwtVerify } from 'jose';

import { expectProblem } from '../fixtures/api';
import { expect, test } from '../fixtures/test';
import { type Json, assemble, hmac, parts, publicKeyForms } from '../fixtures/tokens';

const JWKS = '/.well-known/jwks.json';

async function jwks(request: APIRequestContext): Promise<JSONWebKeySet> {
  return (await (await request.get(JWKS)).json()) as JSONWebKeySet;
}

async function keyOf(request: APIRequestContext, token: string): Promise<JWK> {
  const { keys } = await jwks(request);
  return keys.find((key) => key.kid === parts(token).header.kid)!;
}

test.describe('the JWKS', () => {
  test('holds public Ed25519 keys and nothing private', async ({ request }) => {
    const { keys } = await jwks(request);
    expect(keys.length).toBeGreaterThan(0);
    for (const key of keys) {
      expect(key).toEqual({
        kty: 'OKP',
        crv: 'Ed25519',
        x: expect.stringMatching(/^[\w-]{43}$/),
        kid: expect.stringMatching(/^[\w-]{43}$/),
        use: 'sig',
        alg: 'EdDSA',
      });
    }
    expect(new Set(keys.map((key) => key.kid)).size).toBe(keys.length);
  });

  test('can be cached', async ({ request }) => {
    const response = await request.get(JWKS);
    const { etag, 'cache-control': caching, 'content-type': type } = response.headers();
    expect(type).toMatch(/^application\/(jwk-set\+)?json$/);
    expect(caching).toMatch(/^public, max-age=\d+/);
    expect(etag).toMatch(/^(W\/)?".+"$/);
    const again = await request.get(JWKS, { headers: { 'if-none-match': etag! } });
    expect(again.status()).toBe(304);
    expect(await again.text()).toBe('');
  });
});

test.describe('an access token', () => {
  test('has the header and the claims of the contract', async ({ api, baseURL }) => {
    const { access_token, user } = await api.register();
    const { header, claims } = parts(access_token);
    expect(header).toEqual({ alg: 'EdDSA', kid: expect.any(String), typ: 'at+jwt' });
    expect(claims).toEqual({
      iss: baseURL,
      aud: baseURL,
      sub: user.id,
      user_id: user.id,
      token_type: 'access',
      iat: expect.any(Number),
      nbf: (claims.iat as number) - 30,
      exp: (claims.iat as number) + 900,
      jti: expect.any(String),
      sid: (await api.sessions(access_token))[0]!.id,
    });
    expect(Math.abs((claims.iat as number) - Date.now() / 1000)).toBeLessThan(30);
  });

  test('is verified by jose from the JWKS alone', async ({ api, request, baseURL }) => {
    const { access_token, user } = await api.register();
    const options = { issuer: baseURL, audience: baseURL, typ: 'at+jwt' };
    const remote = createRemoteJWKSet(new URL(JWKS, baseURL));
    const local = createLocalJWKSet(await jwks(request));
    for (const keys of [remote, local]) {
      const { payload } = await jwtVerify(access_token, keys, options);
      expect(payload.sub).toBe(user.id);
      const foreign = { ...options, audience: 'https://other.example' };
      await expect(jwtVerify(access_token, keys, foreign)).rejects.toThrow(/"aud"/);
    }
  });

  test('is verified by PyJWT from the JWKS alone', async ({ api, baseURL }) => {
    const { access_token, user } = await api.register();
    const verify = (token: string, audience: string) =>
      spawnSync(
        process.env.E2E_PYTHON ?? 'python3',
        ['verify_pyjwt.py', new URL(JWKS, baseURL).href, baseURL!, audience],
        { input: token, encoding: 'utf8', timeout: 20_000 },
      );
    const verified = verify(access_token, baseURL!);
    expect(verified.status, verified.stderr).toBe(0);
    expect(JSON.parse(verified.stdout)).toEqual(parts(access_token).claims);
    expect(JSON.parse(verified.stdout).sub).toBe(user.id);

    const foreign = verify(access_token, 'https://other.example');
    expect([foreign.status, foreign.stdout]).toEqual([1, '']);
    expect(foreign.stderr).toMatch(/^InvalidAudienceError/);
  });
});

test.describe('a forged token is refused:', () => {
  const stranger = generateKeyPairSync('ed25519');
  const signedByStranger = (input: string) => sign(null, Buffer.from(input), stranger.privateKey);
  const now = () => Math.floor(Date.now() / 1000);

  /** Each makes a forgery out of a good token and its public key. */
  const forgeries: Record<string, (token: string, key: JWK) => string> = {
    'alg none': (token) => {
      const { header, claims } = parts(token);
      return assemble({ ...header, alg: 'none' }, claims, () => '');
    },
    'alg None, with the good signature': (token) => {
      const { header, claims, signature } = parts(token);
      return assemble({ ...header, alg: 'None' }, claims, () => signature);
    },
    'no signature': (token) => token.slice(0, token.lastIndexOf('.') + 1),
    'a flipped signature': (token) => {
      const { header, claims, signature } = parts(token);
      signature[0]! ^= 1;
      return assemble(header, claims, () => signature);
    },
    'changed claims': (token) => {
      const { header, claims, signature } = parts(token);
      return assemble(header, { ...claims, exp: now() + 9_000 }, () => signature);
    },
    'a foreign key under its own kid': (token) => {
      const { header, claims } = parts(token);
      return assemble({ ...header, kid: 'stranger' }, claims, signedByStranger);
    },
    'a foreign key under the kid of the portal': (token) => {
      const { header, claims } = parts(token);
      return assemble(header, claims, signedByStranger);
    },
    'a foreign key in the header': (token) => {
      const { header, claims } = parts(token);
      const jwk: Json = { ...stranger.publicKey.export({ format: 'jwk' }), kid: header.kid };
      return assemble({ ...header, jwk }, claims, signedByStranger);
    },
    'no kid': (token) => {
      const { header: { kid: _, ...header }, claims, signature } = parts(token);
      return assemble(header, claims, () => signature);
    },
    'typ JWT': (token) => {
      const { header, claims, signature } = parts(token);
      return assemble({ ...header, typ: 'JWT' }, claims, () => signature);
    },
    'expired long ago': (token) => {
      const { header, claims } = parts(token);
      return assemble(header, { ...claims, exp: now() - 9_000 }, signedByStranger);
    },
    'a kid of 6 kB': (token) => {
      const { header, claims, signature } = parts(token);
      return assemble({ ...header, kid: 'k'.repeat(6_000) }, claims, () => signature);
    },
    'one part': () => 'nonsense',
    'five parts': (token) => `${token}.a.b`,
  };

  for (const [name, forge] of Object.entries(forgeries)) {
    test(name, async ({ api, request }) => {
      const { access_token } = await api.register();
      const forged = forge(access_token, await keyOf(request, access_token));
      expect(forged).not.toBe(access_token);
      await expectProblem(await api.get('/me', forged), 401, 'unauthenticated');
      expect((await api.get('/me', access_token)).status(), 'the good one').toBe(200);
    });
  }

  test('HS256 under the public key in any form', async ({ api, request }) => {
    const { access_token } = await api.register();
    const { header, claims } = parts(access_token);
    const forms = publicKeyForms(await keyOf(request, access_token));
    for (const [form, secret] of Object.entries(forms)) {
      await test.step(form, async () => {
        const forged = assemble({ ...header, alg: 'HS256' }, claims, hmac(secret));
        await expectProblem(await api.get('/me', forged), 401, 'unauthenticated');
      });
    }
  });

  test('a refresh token is no access token', async ({ api }) => {
    const { refresh_token } = await api.register();
    await expectProblem(await api.get('/me', refresh_token), 401, 'unauthenticated');
  });
});
