import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

import { baseURL } from '../fixtures/server';
import { expect, test } from '../fixtures/test';

/** The first block of code in this language, with the address of the server under test. */
function block(document: string, language: string): string {
  const text = readFileSync(resolve('..', document), 'utf8');
  const [, code] = text.match(new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``)) ?? [];
  expect(code, `${document} has a block of ${language}`).toContain('http://localhost:3000');
  return code!.replaceAll('http://localhost:3000', baseURL);
}

/** The lines that a program prints, which must succeed and print no error. */
function run(program: string, args: string[]): string[] {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', timeout: 20_000 });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return stdout.trim().split('\n');
}

test("the README's two calls and its verifier work as written", () => {
  const calls = `${block('README.md', 'bash')}\necho; echo "$token"`;
  const [answer, token] = run('bash', ['-c', calls]);
  const user = JSON.parse(answer!);
  expect(user).toMatchObject({ email: expect.stringMatching(/^bob-/), is_active: true });
  const verifier = `${block('README.md', 'js')}\nconsole.log((await verify(process.argv[1])).sub);`;
  expect(run(process.execPath, ['--input-type=module', '--eval', verifier, token!])).toEqual([user.id]);
});

test("the API's five calls work as written", () => {
  const lines = run('bash', ['-c', block('docs/API.md', 'bash')]);
  expect(JSON.parse(lines[0]!)).toMatchObject({ user: { first_name: 'Ann' }, token_type: 'Bearer', expires_in: 900 });
  expect(JSON.parse(lines[1]!)).toMatchObject({ first_name: 'Ann', is_active: true });
  expect(lines[2]).toBe('204');
});
