import { setTimeout as delay } from 'node:timers/promises';
import { connect } from './connection/connect.ts';
import { createClient } from './connection/create-client.ts';
import type { DatabaseTarget } from './target/database-target.ts';

/** What to listen to, and whom to tell. */
export interface ChannelOptions {
  readonly target: DatabaseTarget;
  readonly applicationName: string;
  /** A name in lower case, as for `pg_notify`. */
  readonly channel: string;
  /** Called for each notification, and once when listening begins, because earlier ones were missed. */
  readonly onNotify: () => void;
  readonly signal: AbortSignal;
}

const PAUSE_MS = 10_000;

/**
 * Listens on its own connection until the signal aborts. It may miss notifications: a lost connection is made again only after
 * a while, and behind a pooler without sessions it does nothing. So the caller must also look from time to time.
 */
export async function listenToChannel(options: ChannelOptions): Promise<void> {
  const { target, signal } = options;
  // The pooler would run the statement in a session that somebody else gets a moment later.
  if (!target.prepare) return;
  while (!signal.aborted) {
    await listenOnce(options);
    await delay(PAUSE_MS, undefined, { signal }).catch(() => undefined);
  }
}

/** Resolves when the connection is lost, can't be made, or is not needed any more. */
async function listenOnce({ target, applicationName, channel, onNotify, signal }: ChannelOptions): Promise<void> {
  const ended = Promise.withResolvers<void>();
  const closing = new AbortController();
  signal.addEventListener('abort', () => ended.resolve(), { once: true, signal: closing.signal });
  const openSocket = () => connect(target, closing.signal);
  const client = createClient(target, { applicationName, openSocket, onclose: ended.resolve, onnotify: onNotify });
  try {
    await Promise.race([client.unsafe(`listen ${channel}`), ended.promise]);
    onNotify();
    await ended.promise;
  } catch {
    // The caller learns from its own connection what is wrong.
  } finally {
    await client.end({ timeout: 0 });
    closing.abort();
  }
}
