import { setTimeout as delay } from 'node:timers/promises';
import type { Pool } from '../../db/pool.ts';
import { OperatorError } from '../../errors.ts';
import { escapeText } from '../../text/escape-text.ts';
import { getUpdate } from '../../user-updates/find-updates.ts';
import { type InsertedUpdate, insertUserUpdate } from '../../user-updates/insert-user-update.ts';
import type { UpdateAction, UserUpdate } from '../../user-updates/user-update.ts';
import type { UserUpdateRequest } from '../../user-updates/user-update-properties.ts';
import { printAnswer } from '../output/print-answer.ts';
import { abortOnSignal } from '../program/abort-on-signal.ts';
import type { CommandContext, ExitCode } from '../program/command-context.ts';
import { confirm } from '../program/confirm.ts';
import { withDatabase } from '../program/open-database.ts';
import { type RequestOptions, readRequest } from './read-request.ts';

/** The options of `update-user`. */
export interface UpdateUserOptions extends RequestOptions {
  action?: UpdateAction;
  merge?: boolean;
  force?: boolean;
  wait?: boolean;
  /** Seconds. */
  timeout: number;
  yes?: boolean;
  json?: boolean;
}

/**
 * `update-user`: inserts a request, and waits for what becomes of it where that was asked for.
 *
 * @returns 3 if the request was rejected or cancelled, or is still waiting at the end of `--timeout`.
 */
export async function updateUser(
  userId: string,
  options: UpdateUserOptions,
  context: CommandContext,
): Promise<ExitCode> {
  const { action = 'update', merge = false, force = false, wait = false } = options;
  const request = await readRequest(options, context.stdin);
  const change = { userId, action, request, force, metadataMode: merge ? 'merge' : 'replace' } as UserUpdateRequest;
  if (action === 'delete') await confirmDeletion(userId, options, context);
  return abortOnSignal((signal) =>
    withDatabase(
      context,
      async (pool) => {
        const { id, warnings } = await insert(pool, change);
        for (const warning of warnings) context.stderr(`clerk-sync: ${warning}\n`);
        const update = wait
          ? await waitForUpdate(pool, id, { timeoutMs: options.timeout * 1000, signal })
          : await pool.withTransaction((session) => getUpdate(session, id));
        printAnswer(context, options, { json: () => update, text: () => formatUpdate(update, wait) });
        return wait && update.state !== 'succeeded' ? 3 : 0;
      },
      signal,
    ),
  );
}

function confirmDeletion(userId: string, options: UpdateUserOptions, context: CommandContext): Promise<void> {
  return confirm(context, options, {
    doubt: `The user ${userId} would be deleted at Clerk, for good.`,
    question: 'Delete this user?',
    declined: 'Nothing was requested.',
    code: 'unconfirmed',
    hint: 'Add --yes to do it without a question.',
  });
}

/** `--set` gives texts: whoever wanted another type is told how to give it. */
async function insert(pool: Pool, change: UserUpdateRequest): Promise<InsertedUpdate> {
  return insertUserUpdate(pool, change).catch((error: unknown) => {
    if (!(error instanceof OperatorError && error.message.endsWith('and is a text.'))) throw error;
    const hint = '--set gives a text. Use --set-json for true, false, null, a number, a list or an object.';
    throw new OperatorError(error.code, error.message, { hint, exitCode: error.exitCode, cause: error });
  });
}

const POLL_MS = 250;

/** Resolves with the request once it is settled, or with what it is at the end of the time. */
async function waitForUpdate(
  pool: Pool,
  id: number,
  { timeoutMs, signal }: { timeoutMs: number; signal: AbortSignal },
): Promise<UserUpdate> {
  const endsAt = performance.now() + timeoutMs;
  while (true) {
    const update = await pool.withTransaction((session) => getUpdate(session, id));
    if (update.settled_at !== null || signal.aborted || performance.now() >= endsAt) return update;
    await delay(POLL_MS, undefined, { signal }).catch(() => undefined);
  }
}

function formatUpdate({ id, user_id: userId, state, error }: UserUpdate, waited: boolean): string {
  const name = `Request ${id} for ${escapeText(userId)}`;
  const why = (error ?? []).map(
    ({ code, message, long_message: long }) => `  ${escapeText(`${code}: ${long ?? message ?? ''}`)}`,
  );
  const isWaiting = state === 'pending' || state === 'sending';
  const sentence = isWaiting ? `${name} ${waited ? 'still waits' : 'waits'} to be sent.` : `${name} ${state}.`;
  const next = state === 'succeeded' ? [] : [`\nWhat becomes of it:  clerk-sync updates show ${id}`];
  return `${[sentence, ...why, ...next].join('\n')}\n`;
}
