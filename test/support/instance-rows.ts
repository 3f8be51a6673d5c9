import type postgres from 'postgres';

/** Whose rows can be in a database, by a name for the tables of tests. */
export const INSTANCES = {
  sample: 'ins_clerk_sync_samples',
  storm: 'ins_clerk_sync_samples_1780000000',
  /** Clerk's "Send Example", and its documentation. */
  example: 'ins_2g7np7Hrk0SN6kj5EDMLDaKNL0S',
  oldExample: 'ins_123',
  own: 'ins_own',
  other: 'ins_other',
  third: 'ins_third',
  /** Names that only begin like those of samples. */
  nearMiss: 'ins_clerk_sync_samples_x',
  alike: 'ins_clerk_sync_samples2',
  unnamed: null,
} as const;

export type InstanceName = keyof typeof INSTANCES;

/** An hour and a tombstone ago: a reconcile looks for such rows. */
const LONG_AGO = new Date(Date.now() - 3_600_000);

/** A user with an e-mail address, the message that brought them, and an open letter of another; or only a tombstone. */
export async function insertInstance(sql: postgres.Sql, name: InstanceName, { deleted = false } = {}): Promise<void> {
  const id = `${name}${deleted ? '_deleted' : ''}`;
  const instance_id = INSTANCES[name];
  await sql`insert into clerk.users ${sql({
    ...{ id: `user_${id}`, instance_id, observed_at: LONG_AGO, synced_at: LONG_AGO, created_at: LONG_AGO },
    ...{ updated_at: LONG_AGO, last_message_id: `msg_${id}`, stated_keys: 0, deleted_at: deleted ? LONG_AGO : null },
  })}`;
  await sql`insert into clerk.webhook_messages ${sql({
    ...{ message_id: `msg_${id}`, event_type: 'user.updated', user_id: `user_${id}`, instance_id },
    ...{ event_at: LONG_AGO, received_at: LONG_AGO, outcome: 'applied' },
  })}`;
  if (deleted) return;
  await sql`insert into clerk.email_addresses ${sql({ user_id: `user_${id}`, id: `idn_${id}` })}`;
  await sql`insert into clerk.dead_letters ${sql({
    ...{ message_id: `msg_${id}_bad`, event_type: 'user.updated', user_id: `user_${id}`, instance_id, body: '{}' },
    ...{ reason: 'invalid_shape', error: '-', first_failed_at: LONG_AGO, last_failed_at: LONG_AGO },
  })}`;
}

/** The names of the instances that each table holds, in order; the rows of a child count as their user's. */
export async function readInstances(sql: postgres.Sql): Promise<Record<string, string[]>> {
  const names = new Map<string | null, string>(Object.entries(INSTANCES).map(([name, id]) => [id, name]));
  const read = async (from: string) => {
    const rows = await sql.unsafe<{ instance_id: string | null }[]>(`select instance_id from clerk.${from}`);
    return rows.map((row) => names.get(row.instance_id) ?? 'unknown').sort((one, other) => (one < other ? -1 : 1));
  };
  return {
    users: await read('users'),
    email_addresses: await read('email_addresses c join clerk.users u on u.id = c.user_id'),
    webhook_messages: await read('webhook_messages'),
    dead_letters: await read('dead_letters'),
  };
}
