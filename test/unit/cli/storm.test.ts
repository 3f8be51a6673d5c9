import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseEvent } from '../../../src/clerk/webhook/parse-event.ts';
import { createStorm } from '../../../src/samples/create-storm.ts';
import { createRandom } from '../../../src/samples/random.ts';
import {
  createSampleEvent,
  SAMPLE_EVENT_TYPES,
  SAMPLE_SEED,
  type SampleEvent,
  type SampleEventType,
} from '../../../src/samples/sample-event.ts';
import { isSampleInstance } from '../../../src/samples/sample-instances.ts';

const seeds = fc.integer({ min: 0, max: 2 ** 48 });
const storms = fc.record({ seed: seeds, count: fc.integer({ min: 1, max: 400 }) });

interface ReadUser {
  id: string;
  updated_at: number;
  created_at: number;
  banned: boolean;
  email_addresses: unknown[];
}

function readEvents(storm: { events: Iterable<SampleEvent> }) {
  return Array.from(storm.events, (event) => ({ ...event, ...(JSON.parse(event.body) as { data: ReadUser }) }));
}

/** The service's own reading of an event. */
function parse({ messageId, body }: Pick<SampleEvent, 'messageId' | 'body'>) {
  const now = new Date(1_800_000_000_000);
  return parseEvent({ messageId, signedAt: now, receivedAt: now, body });
}

/** The last event of each user. */
function foldByUser(events: ReturnType<typeof readEvents>) {
  return new Map(events.filter((event) => event.type.startsWith('user.')).map((event) => [event.userId, event]));
}

describe('a storm', () => {
  test('is the same for the same seed, to the byte', () => {
    fc.assert(
      fc.property(storms, (options) => {
        expect([...createStorm(options).events]).toEqual([...createStorm(options).events]);
      }),
      { numRuns: 15 },
    );
  });

  test('is another one for another seed, neighbours included', () => {
    const [first, second] = [1, 2].map((seed) => readEvents(createStorm({ seed, count: 100 })));
    const known = new Set(first?.map(({ messageId }) => messageId));
    expect(second?.filter(({ messageId }) => known.has(messageId))).toEqual([]);
    expect(createStorm({ seed: 1, count: 1 }).instanceId).not.toBe(createStorm({ seed: 2, count: 1 }).instanceId);
  });

  test('has as many events as were asked for, each with an id of its own', () => {
    fc.assert(
      fc.property(storms, (options) => {
        const ids = Array.from(createStorm(options).events, ({ messageId }) => messageId);
        expect(ids).toHaveLength(options.count);
        expect(new Set(ids).size).toBe(options.count);
      }),
      { numRuns: 15 },
    );
  });

  test('tells each user from the creation on, in rising times, and nothing after the deletion', () => {
    fc.assert(
      fc.property(storms, (options) => {
        const events = readEvents(createStorm(options)).filter(({ type }) => type.startsWith('user.'));
        for (const [userId, history] of Map.groupBy(events, (event) => event.userId)) {
          const types = history.map(({ type }) => type);
          const deletedAt = types.indexOf('user.deleted');
          const times = history.flatMap(({ type, data }) => (type === 'user.deleted' ? [] : [data.updated_at]));
          expect(types.indexOf('user.created'), userId ?? '').toBe(0);
          expect(types.lastIndexOf('user.created')).toBe(0);
          expect(deletedAt === -1 || deletedAt === types.length - 1).toBe(true);
          expect(times).toEqual([...new Set(times)].sort((left, right) => left - right));
        }
      }),
      { numRuns: 25 },
    );
  });

  test('says in the end how many users live and how many are deleted', () => {
    fc.assert(
      fc.property(storms, (options) => {
        const storm = createStorm(options);
        const last = [...foldByUser(readEvents(storm)).values()];
        const live = last.filter(({ type }) => type !== 'user.deleted').map(({ data }) => data);
        expect(storm.tally).toEqual({
          live: live.length,
          deleted: last.length - live.length,
          banned: live.filter(({ banned }) => banned).length,
          emailAddresses: live.reduce((sum, user) => sum + user.email_addresses.length, 0),
        });
      }),
      { numRuns: 25 },
    );
  });

  test('is understood by the service, every event of it', () => {
    const KINDS: Record<string, string> = {
      'user.created': 'user',
      'user.updated': 'user',
      'user.deleted': 'user_deleted',
    };
    fc.assert(
      fc.property(storms, (options) => {
        const storm = createStorm(options);
        for (const event of storm.events) {
          expect(parse(event)).toMatchObject({
            message: {
              messageId: event.messageId,
              eventType: event.type,
              userId: event.type.startsWith('user.') ? event.userId : null,
              instanceId: storm.instanceId,
            },
            content: { kind: KINDS[event.type] ?? 'other' },
            sanitized: 0,
          });
        }
      }),
      { numRuns: 15 },
    );
  });

  test('leaves nothing of a user to `extra`: all of it has a column', () => {
    for (const event of createStorm({ seed: 4, count: 500 }).events) {
      const { content } = parse(event);
      if (content.kind === 'user') expect(content.user.extra).toEqual({});
    }
  });

  test('has every kind of child object, bans, metadata of all three kinds, and mostly sign-ups and changes', () => {
    const events = readEvents(createStorm({ seed: 3, count: 2000 }));
    const users = events.filter(({ type }) => type === 'user.created' || type === 'user.updated');
    const having = (key: string) =>
      users.filter(({ data }) => Object.keys(data[key as keyof ReadUser] as object).length > 0).length;
    const LISTS = ['email_addresses', 'phone_numbers', 'web3_wallets', 'passkeys', 'external_accounts'];
    const SSO = ['saml_accounts', 'enterprise_accounts'];
    const METADATA = ['public_metadata', 'private_metadata', 'unsafe_metadata'];
    for (const key of [...LISTS, ...SSO, ...METADATA]) expect(having(key), key).toBeGreaterThan(50);
    expect(users.filter(({ data }) => data.banned).length).toBeGreaterThan(10);

    const providers = new Set(events.flatMap(({ body }) => body.match(/"provider":"oauth_\w+"/g) ?? []));
    expect(providers).toEqual(new Set(['"provider":"oauth_google"', '"provider":"oauth_github"']));

    const shares = Object.fromEntries(
      [...Map.groupBy(events, ({ type }) => type)].map(([type, list]) => [type, Math.round(list.length / 200)]),
    );
    expect(shares).toEqual({ 'user.created': 4, 'user.updated': 5, 'user.deleted': 1, 'session.created': 1 });
  });

  test('has ids in the form of real ones', () => {
    const FORM = { messageId: /^msg_[0-9A-Za-z]{27}$/, userId: /^user_[0-9A-Za-z]{27}$/ };
    for (const event of createStorm({ seed: 9, count: 200 }).events) {
      expect(event.messageId).toMatch(FORM.messageId);
      expect(event.userId).toMatch(FORM.userId);
      const childIds = [...event.body.matchAll(/"id":"(\w+?)_(\w+)"/g)].filter(
        ([, prefix]) => prefix === 'idn' || prefix === 'eac',
      );
      for (const [, , rest] of childIds) expect(rest).toMatch(/^[0-9A-Za-z]{27}$/);
    }
  });

  test('has nobody with an identification of the sample user', () => {
    const ada = JSON.parse(createSampleEvent('user.created', SAMPLE_SEED, 0).body).data;
    const identify = (user: typeof ada): string[] => [
      ...[user.id, user.external_id, user.username],
      ...user.email_addresses.map((item: typeof ada) => item.email_address),
      ...user.phone_numbers.map((item: typeof ada) => item.phone_number),
      ...user.web3_wallets.map((item: typeof ada) => item.web3_wallet),
    ];
    const hers = new Set(identify(ada));
    expect(hers.size).toBe(6);
    fc.assert(
      fc.property(seeds, (seed) => {
        const events = readEvents(createStorm({ seed, count: 1000 })).filter(({ type }) =>
          /created|updated/.test(type),
        );
        const users = events.filter(({ type }) => type.startsWith('user.')).map(({ data }) => data);
        expect(users.flatMap(identify).filter((text) => hers.has(text))).toEqual([]);
      }),
      { numRuns: 20 },
    );
  });

  test('ends at the time that its seed is, and on a fixed day with a small seed', () => {
    const lastTime = (seed: number) =>
      readEvents(createStorm({ seed, count: 1000 }))
        .at(-1)
        ?.body.match(/"timestamp":(\d+)/)?.[1];
    const day = (time: string | undefined) => new Date(Number(time)).toISOString().slice(0, 10);
    expect(day(lastTime(Date.UTC(2027, 4, 6, 23) / 1000))).toBe('2027-05-06');
    expect(day(lastTime(7))).toBe('2026-01-30');
  });

  test('needs no more memory when it is long: at any time so many of its users may still change, and no more', () => {
    const events = [...createStorm({ seed: 2, count: 24_000 }).events];
    const early = events.slice(0, 14_000);
    const deleted = new Set(early.filter(({ type }) => type === 'user.deleted').map(({ userId }) => userId));
    const living = new Set(early.map(({ userId }) => userId)).difference(deleted);
    const changing = living.intersection(new Set(events.slice(14_000).map(({ userId }) => userId)));
    expect(living.size).toBeGreaterThan(3000);
    expect(changing.size).toBeGreaterThan(1000);
    expect(changing.size).toBeLessThanOrEqual(2000);
  });
});

describe('a sample event', () => {
  const NOW = Date.UTC(2026, 5, 1);

  test('is about the same user for the same seed, whatever its type', () => {
    const users = (['user.created', 'user.updated', 'user.deleted'] as const).map(
      (type) => createSampleEvent(type, 1, NOW).userId,
    );
    expect(new Set(users).size).toBe(1);
    expect(createSampleEvent('user.created', 2, NOW).userId).not.toBe(users[0]);
  });

  test.each(SAMPLE_EVENT_TYPES)('%s is understood by the service', (type: SampleEventType) => {
    const event = createSampleEvent(type, 1, NOW);
    expect(parse({ ...event, messageId: 'msg_1' })).toMatchObject({
      message: { eventType: type, userId: event.userId },
      sanitized: 0,
    });
  });

  test('says when it is sent, so that each is newer than the one before', () => {
    const times = [NOW, NOW + 1000].map(
      (now) => JSON.parse(createSampleEvent('user.updated', 1, now).body).data.updated_at,
    );
    expect(times).toEqual([NOW, NOW + 1000]);
  });

  test('keeps to what the user was when an update adds to it', () => {
    const read = (type: SampleEventType) => JSON.parse(createSampleEvent(type, 1, NOW).body).data;
    const { email_addresses: before, created_at: createdAt, first_name: name } = read('user.created');
    const updated = read('user.updated');
    expect(updated.email_addresses.slice(0, 1)).toEqual(before);
    expect({ created_at: updated.created_at, first_name: updated.first_name }).toEqual({
      created_at: createdAt,
      first_name: name,
    });
    expect(
      ['email_addresses', 'phone_numbers', 'passkeys', 'external_accounts'].map((key) => updated[key].length),
    ).toEqual([2, 1, 2, 1]);
  });
});

describe('the instance of samples', () => {
  test('is recognised, for each sample and each storm', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const { instance_id: ofSample } = JSON.parse(createSampleEvent('user.created', seed, 0).body);
        expect([ofSample, createStorm({ seed, count: 1 }).instanceId].map(isSampleInstance)).toEqual([true, true]);
      }),
    );
  });

  test('is recognised where an earlier version made it from a seed, and never by its time alone', () => {
    const times = fc.constantFrom(Date.UTC(2026, 0, 5, 9, 30), Date.UTC(2026, 0, 1));
    fc.assert(
      fc.property(times, fc.integer({ min: 0, max: 9999 }), fc.integer({ min: 10_000 }), (atMs, seed, other) => {
        const make = (of: number) => isSampleInstance(createRandom(of).id('ins_', atMs));
        expect([make(seed), make(other)]).toEqual([true, false]);
      }),
      { numRuns: 20 },
    );
    fc.assert(
      fc.property(fc.integer({ min: 1_600_000_000, max: 4_999_999_999 }), fc.integer({ min: 1 }), (seed, shift) => {
        const make = (of: number) => isSampleInstance(createRandom(of).id('ins_', (seed - 2_592_000) * 1000));
        expect([make(seed), make(seed + shift)]).toEqual([true, false]);
      }),
    );
  });

  test('is no id of another form', () => {
    const others = fc.oneof(fc.string(), fc.stringMatching(/^ins_[0-9A-Za-z]{27}$/), fc.constant(null));
    fc.assert(
      fc.property(others, (id) => {
        expect(isSampleInstance(id)).toBe(false);
      }),
    );
  });
});
