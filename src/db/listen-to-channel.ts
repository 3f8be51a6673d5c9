import { setTimeout as delay } from 'node:timers/promises';
import { connect } from './connection/connect.ts';
import { createClient } from './connection/create-client.ts';
import type { DatabaseTarget } from './target/database-target.ts';

export interface ChannelOptions {
  readonly target: DatabaseTarget;
  readonly applicationName: string;
  /** A name in lower case, as `pg_notify` is given it. */
  readonly channel: string;
  /** Called for each notification, and once when listening has begun: what came before was not heard. */
  readonly onNotify: () => void;
  readonly signal: AbortSignal;
}

const PAUSE_MS = 10_000;

/**
 * Listens over a connection of its own until the signal aborts. It is a help and no promise: a connection that is lost is
 * made again after a while, and behind a pooler that keeps no session, nothing is tried. So whoever listens must look by
 * themselves, too.
 */
export async function listenToChannel(options: ChannelOptions): Promise<void> {
  const { target, signal } = options;
  // Such a pooler would give the statement to a session that is another's a moment later.
  if (!target.prepare) return;
  while (!signal.aborted) {
    await listenOnce(options);
    await delay(PAUSE_MS, undefined, { signal }).catch(() => undefined);
  }
}

/** Resolves once the connection is lost, could not be made, or is no longer wanted. */
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
    // Who looks by themselves is told by their own connection what is wrong.
  } finally {
    await client.end({ timeout: 0 });
    closing.abort();
  }
}
