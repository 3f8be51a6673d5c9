import { readFile, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { OperatorError } from '../errors.ts';
import type { Binaries } from './binaries.ts';
import { type ProgramOptions, runProgram } from './run-program.ts';

/** How Postgres's programs are started: Postgres refuses to run as root. */
export interface Account {
  /** Undefined: this program's own user. */
  readonly ids: { readonly uid: number; readonly gid: number } | undefined;
  /** Turns a program and its parameters into what has to be started, and under which ids. */
  wrap(
    program: string,
    parameters: readonly string[],
  ): [command: string, parameters: string[], options: ProgramOptions];
}

/**
 * Finds the account for a database directory that exists, or will be made. As an ordinary user: that user. As root:
 * the directory's owner, or else the system's user `postgres`, made where there is none.
 *
 * That user may be unable to reach the directory or the binaries, as in a checkout under /root. Then it is given one
 * capability besides, to pass directories that are closed to it, and no other right of root's.
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
    `Postgres can't run as root, and the user that it would run as (uid ${ids.uid}) may not enter ${dirname(directory)} or ${dirname(binaries.initdb)}.`,
    { hint: 'Run clerk-sync as an ordinary user, put it where every user may read it, or set DATABASE_URL.' },
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
    `Postgres can't run as root, and no user for it could be made: ${made.output}`,
    {
      hint: 'Run clerk-sync as an ordinary user, make a system user named postgres, or set DATABASE_URL.',
    },
  );
}

/** Asks the kernel, as that account: modes alone don't tell what access lists and mounts allow. */
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
  // Containers usually have this one only.
  { name: 'dac_override', bit: 1n },
];

/** `no_setuid_fixup` because Postgres asks with access(2), which otherwise ignores capabilities. */
async function makeCapableWrap({ uid, gid }: Ids): Promise<Account['wrap']> {
  const status = await readFile('/proc/self/status', 'utf8').catch(() => '');
  const effective = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)/m.exec(status)?.[1] ?? '0'}`);
  const capability = CAPABILITIES.find(({ bit }) => ((effective >> bit) & 1n) === 1n)?.name ?? 'dac_read_search';
  const flags = [`--reuid=${uid}`, `--regid=${gid}`, '--clear-groups', '--securebits=+no_setuid_fixup'];
  const rights = [`--inh-caps=-all,+${capability}`, `--ambient-caps=-all,+${capability}`];
  return (program, parameters) => ['setpriv', [...flags, ...rights, '--', program, ...parameters], {}];
}
