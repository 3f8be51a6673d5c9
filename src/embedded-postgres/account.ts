import { readFile, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { OperatorError } from '../errors.ts';
import type { Binaries } from './binaries.ts';
import { type ProgramOptions, runProgram } from './run-program.ts';

/** How the programs of Postgres are started: Postgres refuses to run as root. */
export interface Account {
  /** Undefined: the user of this program. */
  readonly ids: { readonly uid: number; readonly gid: number } | undefined;
  /** What has to be started for a program with these parameters, and with which ids. */
  wrap(
    program: string,
    parameters: readonly string[],
  ): [command: string, parameters: string[], options: ProgramOptions];
}

/**
 * Finds the account for a database directory. An ordinary user runs Postgres as themselves. For root it is the owner of the
 * directory, or the system user `postgres`, which is made if it is missing.
 *
 * That account may be unable to reach the directory or the programs, as in a checkout under /root. Then it gets one capability,
 * to pass closed directories, and no other right of root.
 */
export async function findAccount(directory: string, binaries: Binaries): Promise<Account> {
  if (process.getuid?.() !== 0)
    return { ids: undefined, wrap: (program, parameters) => [program, [...parameters], {}] };
  const ids = (await findOwner(directory)) ?? (await findPostgresUser()) ?? (await makePostgresUser());
  const plain: Account = { ids, wrap: (program, parameters) => [program, [...parameters], ids] };
  if (await canReach(plain, directory, binaries)) return plain;
  const privileged: Account = { ids, wrap: await makeCapableWrap(ids) };
  if (await canReach(privileged, directory, binaries)) return privileged;
  throw new OperatorError(
    'embedded_postgres_unreachable',
    `Postgres can't run as root, and the user that would run it (uid ${ids.uid}) may not enter ${dirname(directory)} or ${dirname(binaries.initdb)}.`,
    { hint: 'Run clerk-sync as an ordinary user, move it to a folder that every user can read, or set DATABASE_URL.' },
  );
}

type Ids = NonNullable<Account['ids']>;

async function findOwner(directory: string): Promise<Ids | undefined> {
  const found = await stat(directory).catch(() => undefined);
  return found === undefined || found.uid === 0 ? undefined : { uid: found.uid, gid: found.gid };
}

async function findPostgresUser(): Promise<Ids | undefined> {
  const [uid, gid] = await Promise.all([runProgram('id', ['-u', 'postgres']), runProgram('id', ['-g', 'postgres'])]);
  return uid.ok && gid.ok ? { uid: Number(uid.output), gid: Number(gid.output) } : undefined;
}

async function makePostgresUser(): Promise<Ids> {
  const made = await runProgram('useradd', [
    '--system',
    '--user-group',
    '--no-create-home',
    '--shell',
    '/bin/false',
    'postgres',
  ]);
  const ids = await findPostgresUser();
  if (ids !== undefined) return ids;
  throw new OperatorError(
    'no_postgres_user',
    `Postgres can't run as root, and no user could be made for it: ${made.output}`,
    {
      hint: 'Run clerk-sync as an ordinary user, make a system user named postgres, or set DATABASE_URL.',
    },
  );
}

/** Asks the kernel as that account: file modes don't show what access lists and mounts allow. */
async function canReach(account: Account, directory: string, binaries: Binaries): Promise<boolean> {
  const question = 'test -x "$1" && test -x "$2" && test -r "$2"';
  const [command, parameters, options] = account.wrap('/bin/sh', [
    '-c',
    question,
    'sh',
    dirname(directory),
    binaries.initdb,
  ]);
  return (await runProgram(command, parameters, options)).ok;
}

const CAPABILITIES = [
  { name: 'dac_read_search', bit: 2n },
  // Containers usually have only this one.
  { name: 'dac_override', bit: 1n },
];

/** `no_setuid_fixup`, because Postgres uses access(2), which otherwise ignores capabilities. */
async function makeCapableWrap({ uid, gid }: Ids): Promise<Account['wrap']> {
  const status = await readFile('/proc/self/status', 'utf8').catch(() => '');
  const effective = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)/m.exec(status)?.[1] ?? '0'}`);
  const capability = CAPABILITIES.find(({ bit }) => ((effective >> bit) & 1n) === 1n)?.name ?? 'dac_read_search';
  const flags = [`--reuid=${uid}`, `--regid=${gid}`, '--clear-groups', '--securebits=+no_setuid_fixup'];
  const rights = [`--inh-caps=-all,+${capability}`, `--ambient-caps=-all,+${capability}`];
  return (program, parameters) => ['setpriv', [...flags, ...rights, '--', program, ...parameters], {}];
}
