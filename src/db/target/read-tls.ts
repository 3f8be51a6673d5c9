import { readFileSync } from 'node:fs';
import { type ConnectionOptions, createSecureContext, type SecureVersion } from 'node:tls';
import type { DatabaseTls } from './database-target.ts';

type Given = ReadonlyMap<string, string>;

/**
 * What the parameters say about TLS. They mean the same as for libpq; docs/operations.md lists the differences. Files are read
 * once, here. Problems go to `problems`.
 */
export function readTls(given: Given, problems: string[]): DatabaseTls {
  const mode = chooseMode(given, problems);
  if (mode === 'disable') return { mode, direct: false, options: {} };
  const options = { ...readFiles(given, problems), ...chooseVerification(mode, given), ...readVersions(given) };
  try {
    // Only if it is needed, because it reads every authority that Node knows.
    if (['sslrootcert', 'sslcert', 'sslcrl'].some((name) => given.has(name))) createSecureContext(options);
  } catch (error) {
    const { code = 'no code' } = error as NodeJS.ErrnoException;
    problems.push(`A certificate or key that DATABASE_URL names can't be used (${code}).`);
  }
  return {
    mode: mode === 'prefer' || mode === 'allow' ? 'prefer' : 'require',
    direct: given.get('sslnegotiation') === 'direct',
    options,
  };
}

const SWITCH: Readonly<Record<string, string>> = { true: 'require', '1': 'require', false: 'disable', '0': 'disable' };

function chooseMode(given: Given, problems: string[]): string {
  const ssl = given.get('ssl');
  const old = given.get('requiressl') === '1' ? 'require' : undefined;
  const asked = given.get('sslmode') ?? (ssl === undefined ? old : (SWITCH[ssl] ?? ssl));
  const demand = findDemand(given);
  if (demand === undefined) return asked ?? 'prefer';
  if (asked?.startsWith('verify-')) return asked;
  if (asked === undefined || asked === 'require') return demand.mode;
  problems.push(`${demand.parameter} in DATABASE_URL needs sslmode=${demand.mode}.`);
  return asked;
}

/**
 * Other parameters that ask for TLS. Channel binding proves that the server is the right one. The driver can't do it, but a
 * verified certificate proves the same.
 */
function findDemand(given: Given): { readonly parameter: string; readonly mode: string } | undefined {
  if (given.get('sslrootcert') === 'system') return { parameter: 'sslrootcert=system', mode: 'verify-full' };
  if (given.get('channel_binding') === 'require') return { parameter: 'channel_binding=require', mode: 'verify-full' };
  if (given.get('sslaccept') === 'strict') return { parameter: 'sslaccept=strict', mode: 'verify-full' };
  if (given.get('sslnegotiation') === 'direct') return { parameter: 'sslnegotiation=direct', mode: 'require' };
  return undefined;
}

function hasRootFile(given: Given): boolean {
  return given.has('sslrootcert') && given.get('sslrootcert') !== 'system';
}

/** `require` verifies like `verify-ca` if a root certificate is named. Without one, `verify-ca` also checks the name. */
function chooseVerification(mode: string, given: Given): ConnectionOptions {
  if (mode === 'verify-full') return { rejectUnauthorized: true };
  if (mode !== 'verify-ca' && !(mode === 'require' && hasRootFile(given))) return { rejectUnauthorized: false };
  return { rejectUnauthorized: true, ...(hasRootFile(given) ? { checkServerIdentity: () => undefined } : {}) };
}

function readFiles(given: Given, problems: string[]): ConnectionOptions {
  const read = (name: string) => readGiven(given, name, problems);
  const showsItself = given.get('sslcertmode') !== 'disable';
  if (showsItself && given.has('sslcert') !== given.has('sslkey')) {
    problems.push('sslcert and sslkey in DATABASE_URL need each other.');
  }
  return omitUndefined({
    ca: hasRootFile(given) ? read('sslrootcert') : undefined,
    crl: read('sslcrl'),
    cert: showsItself ? read('sslcert') : undefined,
    key: showsItself ? read('sslkey') : undefined,
    passphrase: given.get('sslpassword'),
  });
}

function readGiven(given: Given, name: string, problems: string[]): Buffer | undefined {
  const path = given.get(name);
  let content: Buffer | undefined;
  try {
    if (path !== undefined) content = readFileSync(path);
  } catch (error) {
    const { code = 'no code' } = error as NodeJS.ErrnoException;
    problems.push(`${name} in DATABASE_URL names a file that can't be read (${code}).`);
  }
  return content;
}

function readVersions(given: Given): ConnectionOptions {
  return omitUndefined({
    minVersion: given.get('ssl_min_protocol_version') as SecureVersion | undefined,
    maxVersion: given.get('ssl_max_protocol_version') as SecureVersion | undefined,
  });
}

/** `tls.connect` refuses a key whose value is undefined. */
function omitUndefined(options: { [Key in keyof ConnectionOptions]: ConnectionOptions[Key] | undefined }) {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as ConnectionOptions;
}
