// better-auth as `cargo xtask bench --peers` measures it: its database a file, with hashes that cost what the
// portal's do. The arguments are that file and a port.
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { DatabaseSync } from 'node:sqlite';
import { hash, verify } from '@node-rs/argon2';
import { betterAuth } from 'better-auth';
import { getMigrations } from 'better-auth/db/migration';
import { toNodeHandler } from 'better-auth/node';

const [file, port] = process.argv.slice(2);
const cost = { memoryCost: 19456, timeCost: 2, parallelism: 1 };
const database = new DatabaseSync(file);
// What was answered is on the disk, as with the portal.
database.exec('pragma journal_mode = wal; pragma synchronous = full');

const auth = betterAuth({
  baseURL: `http://127.0.0.1:${port}`,
  secret: randomBytes(32).toString('hex'),
  database,
  emailAndPassword: {
    enabled: true,
    password: {
      hash: (password) => hash(password, cost),
      verify: ({ hash: known, password }) => verify(known, password),
    },
  },
  // A look at the session extends it, unless it says `disableRefresh`.
  session: { updateAge: 0 },
  rateLimit: { enabled: false },
  telemetry: { enabled: false },
  logger: { level: 'error' },
});
await (await getMigrations(auth.options)).runMigrations();
createServer(toNodeHandler(auth)).listen(Number(port), '127.0.0.1');
