import fc from 'fast-check';

/** One event of a random history, in small numbers so that collisions of every kind are common. */
export interface HistoryEvent {
  readonly user: number;
  readonly kind: 'upsert' | 'delete';
  /** Absent, as Clerk never does but must be survived: then the observation counts. */
  readonly updatedAt: number | undefined;
  readonly observedAt: number;
  /** Read from the Backend API, where the test has one; a webhook else. */
  readonly fromApi: boolean;
  /** What the snapshot states: absent keys are left out of the body. */
  readonly first_name?: string | null;
  readonly banned?: boolean | null;
  readonly public_metadata?: Record<string, number> | null;
  /** A property that has no column. */
  readonly shoe_size?: number | null;
  readonly email_addresses?: readonly { id: string; email_address: string; verified: boolean }[] | null;
  /** Without an id it has no key. */
  readonly passkeys?: readonly { id?: string; name: string | null }[] | null;
  /** What the Backend API leaves out where it is null or false. */
  readonly create_organizations_limit?: number | null;
  readonly deprovisioned?: boolean;
}

/** How the events of a history reach the service: any order, any number of times, in any batches, by any process. */
export interface DeliveryPlan {
  /** Places in the history; each occurs at least once. */
  readonly order: readonly number[];
  readonly batches: readonly { readonly size: number; readonly process: number; readonly fault: Fault }[];
}

/** `rolled_back`: the transaction fails before its commit. `unanswered`: it commits, and nobody hears of it. */
export type Fault = 'none' | 'rolled_back' | 'unanswered';

/** Unix ms of the tick 0: late enough that ticks are milliseconds, not seconds. */
export const EPOCH_MS = 1_750_000_000_123;

const tick = fc.nat(3);
const distinctById = { selector: ({ id }: { id?: string }) => id, maxLength: 3 };

const upsert: fc.Arbitrary<HistoryEvent> = fc
  .record(
    {
      user: fc.nat(2),
      kind: fc.constant('upsert' as const),
      updatedAt: fc.option(tick, { nil: undefined, freq: 12 }),
      observedAt: tick,
      fromApi: fc.boolean(),
      first_name: fc.constantFrom('Ada', 'Grace', null),
      banned: fc.constantFrom(true, false, null),
      public_metadata: fc.constantFrom({ plan: 1 }, { plan: 2 }, {}, null),
      shoe_size: fc.constantFrom(41, 42, null),
      email_addresses: fc.option(
        fc.uniqueArray(
          fc.record({
            id: fc.constantFrom('idn_a', 'idn_b', 'idn_c'),
            email_address: fc.constantFrom('a@example.com', 'b@example.com'),
            verified: fc.boolean(),
          }),
          distinctById,
        ),
        { freq: 6 },
      ),
      passkeys: fc.option(
        fc.uniqueArray(
          fc.record(
            { id: fc.constantFrom('idn_p', 'idn_q'), name: fc.constantFrom('laptop', 'phone', null) },
            { requiredKeys: ['name'] },
          ),
          distinctById,
        ),
        { freq: 6 },
      ),
      create_organizations_limit: fc.constantFrom(5, 6, null),
      deprovisioned: fc.boolean(),
    },
    { requiredKeys: ['user', 'kind', 'observedAt', 'fromApi'] },
  )
  .map((event) => ({ updatedAt: undefined, ...event }));

const deletion: fc.Arbitrary<HistoryEvent> = fc
  .record({ user: fc.nat(2), kind: fc.constant('delete' as const), observedAt: tick, fromApi: fc.boolean() })
  .map((event) => ({ ...event, updatedAt: undefined }));

export const history: fc.Arbitrary<HistoryEvent[]> = fc.array(
  fc.oneof({ weight: 12, arbitrary: upsert }, { weight: 1, arbitrary: deletion }),
  { minLength: 1, maxLength: 12 },
);

/** A plan for a history of this length. */
export function makeDeliveryPlan(length: number): fc.Arbitrary<DeliveryPlan> {
  const places = Array.from({ length }, (_, place) => place);
  const repeats = fc.array(fc.nat(length - 1), { maxLength: length });
  return fc.record({
    order: repeats.chain((more) =>
      fc.shuffledSubarray([...places, ...more], { minLength: length + more.length, maxLength: length + more.length }),
    ),
    batches: fc.array(
      fc.record({
        size: fc.integer({ min: 1, max: 8 }),
        process: fc.nat(2),
        fault: fc.oneof(
          { weight: 8, arbitrary: fc.constant<Fault>('none') },
          { weight: 1, arbitrary: fc.constant<Fault>('rolled_back') },
          { weight: 1, arbitrary: fc.constant<Fault>('unanswered') },
        ),
      }),
      { minLength: 1, maxLength: 12 },
    ),
  });
}

/** The id of a user; `run` keeps the users of one run apart from those of another. */
export function makeUserId({ user }: HistoryEvent, run: string): string {
  return `user_${run}_${user}`;
}

/** The body that Clerk would send. */
export function makeBody(event: HistoryEvent, run: string): string {
  const { kind, observedAt } = event;
  const data = kind === 'delete' ? { object: 'user', id: makeUserId(event, run), deleted: true } : makeUser(event, run);
  const type = kind === 'delete' ? 'user.deleted' : 'user.updated';
  return JSON.stringify({ object: 'event', type, timestamp: EPOCH_MS + observedAt, instance_id: 'ins_1', data });
}

/** The user as Clerk has it then. */
export function makeUser(event: HistoryEvent, run: string): Record<string, unknown> {
  const { user: _user, kind: _kind, fromApi: _fromApi, updatedAt, observedAt: _at, email_addresses, ...stated } = event;
  return {
    ...stated,
    id: makeUserId(event, run),
    ...(updatedAt === undefined ? {} : { updated_at: EPOCH_MS + updatedAt }),
    ...(email_addresses === undefined ? {} : { email_addresses: email_addresses?.map(toClerkEmail) ?? null }),
  };
}

function toClerkEmail({ id, email_address, verified }: { id: string; email_address: string; verified: boolean }) {
  return { id, email_address, verification: { status: verified ? 'verified' : 'unverified', strategy: 'email_code' } };
}
