import { randomBytes, randomUUID } from 'node:crypto';
import { chmod, link, mkdir, open, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describeDataDirFailure } from '../embedded-postgres/describe-data-dir-failure.ts';
import { OperatorError } from '../errors.ts';
import type { Logger } from '../log/logger.ts';

/** Secrets of Svix have 24 bytes. */
const SECRET_BYTES = 32;
const SECRET = /^whsec_[A-Za-z0-9+/]{32,}={0,2}$/;

/** The file of the secret that a service makes if none is configured. */
export function locateSigningSecret(dataDir: string): string {
  return join(dataDir, 'webhook-secret');
}

/** Reads the kept secret; undefined if none was made yet. */
export async function findSigningSecret(dataDir: string): Promise<string | undefined> {
  const path = locateSigningSecret(dataDir);
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return;
    throw new OperatorError('unreadable_secret', `The webhook secret in ${path} can't be read.`, {
      hint: 'Give the user that runs clerk-sync the right to read it, or set CLERK_WEBHOOK_SIGNING_SECRET.',
      cause: error,
    });
  });
  if (text === undefined) return undefined;
  if (!SECRET.test(text.trim())) {
    throw new OperatorError('invalid_secret', `The file ${path} does not contain a webhook secret.`, {
      hint: 'Delete it. The next start makes a new one.',
    });
  }
  return text.trim();
}

/**
 * Returns the kept secret, and makes it at the first call. Nobody else knows it, so a service without configuration accepts
 * nothing from strangers. The file has mode 0600. If others can read it, the mode is corrected and the log says so.
 */
export async function loadSigningSecret(dataDir: string, logger: Logger): Promise<string> {
  try {
    await mkdir(dataDir, { recursive: true });
    if ((await findSigningSecret(dataDir)) === undefined) await makeSigningSecret(dataDir);
    await narrowMode(locateSigningSecret(dataDir), logger);
  } catch (error) {
    throw describeDataDirFailure(error, dataDir);
  }
  const secret = await findSigningSecret(dataDir);
  if (secret === undefined) {
    throw new OperatorError('missing_secret', `The webhook secret in ${dataDir} was removed.`, {
      hint: 'Start clerk-sync again: it makes a new one.',
    });
  }
  return secret;
}

/**
 * The whole file appears at once and never replaces another one: `link` fails if the name is taken. If two processes start
 * together, one makes the secret and both read it.
 */
async function makeSigningSecret(dataDir: string): Promise<void> {
  const path = locateSigningSecret(dataDir);
  const draft = `${path}.${randomUUID()}`;
  const file = await open(draft, 'wx', 0o600);
  try {
    await file.writeFile(`whsec_${randomBytes(SECRET_BYTES).toString('base64')}\n`);
    await file.sync();
    await link(draft, path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
  } finally {
    await file.close();
    await rm(draft, { force: true });
  }
}

async function narrowMode(path: string, logger: Logger): Promise<void> {
  const { mode } = await stat(path);
  if ((mode & 0o077) === 0) return;
  await chmod(path, 0o600).catch((cause: unknown) => {
    throw new OperatorError('exposed_secret', `Other users of this machine can read ${path}.`, {
      hint: 'Delete it. The next start makes a new one that only its owner can read.',
      cause,
    });
  });
  logger.warn({ path }, 'other users could read the webhook secret; now only its owner can');
}
