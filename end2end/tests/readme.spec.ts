import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

import { baseURL } from '../fixtures/server';
import { expect, test } from '../fixtures/test';

/** The first block of shell commands in the README that calls the API. */
function fiveCalls(): string {
  const readme = readFileSync(resolve('../README.md'), 'utf8');
  const [, block] = readme.match(/```bash\n([\s\S]*?)```/) ?? [];
  expect(block, 'the README has a bash block').toContain('/register');
  return block!.replaceAll('http://127.0.0.1:3000', baseURL);
}

test("the README's five calls work as written", () => {
  const { status, stdout, stderr } = spawnSync('bash', ['-c', fiveCalls()], { encoding: 'utf8' });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  const lines = stdout.trim().split('\n');
  expect(JSON.parse(lines[0]!)).toMatchObject({ user: { first_name: 'Ann' }, token_type: 'Bearer', expires_in: 900 });
  expect(JSON.parse(lines[1]!)).toMatchObject({ first_name: 'Ann', is_active: true });
  expect(lines[2]).toBe('204');
});
