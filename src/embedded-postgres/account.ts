import { readFile, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { OperatorError } from '../errors.ts';
import type { Binaries } from './binaries.ts';
import { type Account, runProgram } from './run-program.ts';

type Ids = NonNullable<Account['ids']>;

/**
 * Finds the account for a database directory. An ordinary user runs Postgres as themselves. Postgres refuses to run as root: then
 * it is the owner of the directory, or the system user `postgres`, which is made if it is missing.
 *
 * That account may be unable to reach the directory or the programs, as in a checkout under /root. Then it gets one capability,
 * to pass closed directories, and no other right of root.
 */
export async function findAccount(directory: string, { initdb }: Binaries): Promise<Account> {
  if (process.getuid?.() !== 0) return {};
  const ids = (await findOwner(directory)) ?? (await findPostgresUser()) ?? (await makePostgresUser());
  const places = [dirname(directory), initdb];
  for (const account of [{ ids }, { ids, prefix: await describeCapability(ids) }]) {
    if (await canReach(account, places)) return account;
  }
  throw new OperatorError(
    'embedded_postgres_unreachable',
    `Postgres can't run as root, and the user that would run it (uid ${ids.uid}) may not enter ${dirname(directory)} or ${dirname(initdb)}.`,
    { hint: 'Run clerk-sync as an ordinary user, move it to a folder that every user can read, or set DATABASE_URL.' },
  );
}

async function findOwner(directory: string): Promise<Ids | undefined> {
  const found = await stat(directory).catch(() => undefined);
  return found === undefined || found.uid === 0 ? undefined : { uid: found.uid, gid: found.gid };
}

async function findPostgresUser(): Promise<Ids | undefined> {
  const [uid, gid] = [await runProgram(['id', '-u', 'postgres']), await runProgram(['id', '-g', 'postgres'])];
  return uid.ok && gid.ok ? { uid: Number(uid.output), gid: Number(gid.output) } : undefined;
}

async function makePostgresUser(): Promise<Ids> {
  const flags = ['--system', '--user-group', '--no-create-home', '--shell', '/bin/false'];
  const { output } = await runProgram(['useradd', ...flags, 'postgres']);
  const ids = await findPostgresUser();
  if (ids !== undefined) return ids;
  const message = `Postgres can't run as root, and no user could be made for it: ${output}`;
  const hint = 'Run clerk-sync as an ordinary user, make a system user named postgres, or set DATABASE_URL.';
  throw new OperatorError('no_postgres_user', message, { hint });
}

/** Asks the kernel as that account: file modes don't show what access lists and mounts allow. */
async function canReach(account: Account, places: readonly string[]): Promise<boolean> {
  const question = 'test -x "$1" && test -x "$2" && test -r "$2"';
  return (await runProgram(['/bin/sh', '-c', question, 'sh', ...places], account)).ok;
}

/** The capability `dac_override`, bit 1, is often the only one of the two in a container. */
const DAC_READ_SEARCH = 1n << 2n;
const DAC_OVERRIDE = 1n << 1n;

/** `no_setuid_fixup`, because Postgres uses access(2), which otherwise ignores capabilities. */
async function describeCapability({ uid, gid }: Ids): Promise<string[]> {
  const status = await readFile('/proc/self/status', 'utf8').catch(() => '');
  const ours = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)/m.exec(status)?.[1] ?? '0'}`) & (DAC_READ_SEARCH | DAC_OVERRIDE);
  const right = `-all,+${ours === DAC_OVERRIDE ? 'dac_override' : 'dac_read_search'}`;
  const ids = [`--reuid=${uid}`, `--regid=${gid}`, '--clear-groups', '--securebits=+no_setuid_fixup'];
  return ['setpriv', ...ids, `--inh-caps=${right}`, `--ambient-caps=${right}`, '--'];
}
