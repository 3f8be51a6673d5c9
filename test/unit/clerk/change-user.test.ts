import { describe, expect, test, vi } from 'vitest';
import type { ChangeAnswer, UserChanges } from '../../../src/clerk/api/change-user.ts';
import type { ClerkApiOptions } from '../../../src/clerk/api/clerk-api.ts';
import type { FakeClerkOptions, Fault } from '../../support/fake-clerk/fake-clerk.ts';
import { type ApiUserJson, makeApiUser, makeUserId } from '../../support/fake-clerk/make-api-user.ts';
import { openFakeApi } from '../../support/fake-clerk/open-fake-api.ts';
import { useFakeClerk } from '../../support/fake-clerk/use-fake-clerk.ts';
import { useTlsServer } from '../../support/tls-server.ts';

const ID = makeUserId(0);
const EMAIL = 'idn_AAAAAAAAAAAAAAA0000000emailb';
const TRACE = 'a1b2c3d4e5f60718293a4b5c6d7e8f90';

/** Only what never answers is to run out of time. */
const PATIENT = { timings: { requestMs: 30_000 } };

async function useChanges(options: Partial<ClerkApiOptions> = {}, fake: FakeClerkOptions = {}) {
  const clerk = await useFakeClerk({ users: [0, 1].map((n) => makeApiUser(n)), ...fake });
  const api = openFakeApi(clerk, { ...PATIENT, ...options });
  return { clerk, api, changes: api.changes };
}

/** The answer with its user as JSON, and without when it was observed. */
function readUser(answer: ChangeAnswer): ApiUserJson {
  if (answer.kind !== 'user') throw new Error(`It is ${answer.kind}.`);
  return JSON.parse(answer.user.readBody());
}

/** Every call, with how it goes out; without a body where none is named. */
const CALLS: Readonly<
  Record<string, { make: (to: UserChanges) => Promise<ChangeAnswer>; sent: string; body?: string }>
> = {
  patchUser: {
    make: (to) => to.patchUser(ID, '{"first_name": "Zo\\u00eb ☃",  "create_organizations_limit":5}'),
    sent: `PATCH /users/${ID}`,
    body: '{"first_name": "Zo\\u00eb ☃",  "create_organizations_limit":5}',
  },
  putMetadata: {
    make: (to) => to.putMetadata(ID, '{"public_metadata":{"n":1.50,"big":9007199254740993}}'),
    sent: `PUT /users/${ID}/metadata`,
    body: '{"public_metadata":{"n":1.50,"big":9007199254740993}}',
  },
  patchMetadata: {
    make: (to) => to.patchMetadata(ID, '{"public_metadata":{"plan":null}}'),
    sent: `PATCH /users/${ID}/metadata`,
    body: '{"public_metadata":{"plan":null}}',
  },
  ban: { make: (to) => to.ban(ID), sent: `POST /users/${ID}/ban` },
  unban: { make: (to) => to.unban(ID), sent: `POST /users/${ID}/unban` },
  lock: { make: (to) => to.lock(ID), sent: `POST /users/${ID}/lock` },
  unlock: { make: (to) => to.unlock(ID), sent: `POST /users/${ID}/unlock` },
  deleteUser: { make: (to) => to.deleteUser(ID), sent: `DELETE /users/${ID}` },
  addEmail: {
    make: (to) => to.addEmail(`{"user_id":"${ID}","email_address":"new@example.com","verified":true}`),
    sent: 'POST /email_addresses',
    body: `{"user_id":"${ID}","email_address":"new@example.com","verified":true}`,
  },
  changeEmail: {
    make: (to) => to.changeEmail(EMAIL, '{"primary":true}'),
    sent: `PATCH /email_addresses/${EMAIL}`,
    body: '{"primary":true}',
  },
  dropEmail: { make: (to) => to.dropEmail(EMAIL), sent: `DELETE /email_addresses/${EMAIL}` },
};
const calls = Object.entries(CALLS).map(([name, call]) => ({ name, ...call }));
const WITHOUT_USER = ['deleteUser', 'addEmail', 'changeEmail', 'dropEmail'];

test.each(calls)(
  '$name is sent once, with these bytes, and tells what Clerk has now',
  async ({ name, make, sent, body }) => {
    const { clerk, changes } = await useChanges();
    const answer = await make(changes);
    expect(
      clerk.requests.map((request) => ({ call: `${request.method} ${request.path}`, body: request.body })),
    ).toEqual([{ call: sent, body: body ?? '' }]);
    expect(clerk.requests[0]?.headers).toMatchObject({
      ...{ authorization: `Bearer ${clerk.secretKey}`, 'clerk-api-version': '2026-05-12', accept: 'application/json' },
      ...(body !== undefined && { 'content-type': 'application/json' }),
    });
    if (WITHOUT_USER.includes(name)) expect(answer).toEqual({ kind: 'done' });
    else expect(readUser(answer)).toEqual(JSON.parse(JSON.stringify(clerk.users.get(ID))));
    expect(clerk.writes.length).toBe(1);
  },
);

test('a user is observed before the request, and its digits are kept', async () => {
  const { clerk, changes } = await useChanges();
  const before = Date.now();
  clerk.intercept(() => ({ kind: 'applied', fault: { kind: 'slow', ms: 50 } }));
  const answer = await changes.patchMetadata(ID, '{"public_metadata":{"big":9007199254740993,"long":1.50}}');
  const observedAt = answer.kind === 'user' ? answer.observedAt.getTime() : Number.NaN;
  expect(observedAt).toBeGreaterThanOrEqual(before);
  expect(observedAt).toBeLessThanOrEqual(clerk.requests[0]?.at ?? Number.NaN);
  const metadata = answer.kind === 'user' ? answer.user.user?.values.public_metadata : undefined;
  expect(JSON.stringify(metadata)).toBe('{"plan":"pro","seats":3,"big":9007199254740993,"long":1.50}');
});

const unclear = (status: number | null): ChangeAnswer => ({ kind: 'unclear', status });

const FAILURES: readonly (readonly [Fault, ChangeAnswer])[] = [
  [{ kind: 'status', status: 500 }, unclear(500)],
  [{ kind: 'proxy_page', status: 502 }, unclear(502)],
  [{ kind: 'status', status: 503, code: 'service_unavailable' }, unclear(503)],
  [{ kind: 'status', status: 504, code: 'gateway_timeout' }, unclear(504)],
  [{ kind: 'status', status: 408 }, unclear(408)],
  [{ kind: 'status', status: 302, headers: { location: 'https://elsewhere.example/' } }, unclear(302)],
  [{ kind: 'status', status: 202, body: '{}' }, unclear(202)],
  [{ kind: 'cut' }, unclear(null)],
  [{ kind: 'half_body' }, unclear(null)],
  [{ kind: 'stalled_body' }, unclear(null)],
  [{ kind: 'never' }, unclear(null)],
  [{ kind: 'slow', ms: 2000 }, unclear(null)],
  // Something between here and Clerk has changed the answer: what Clerk has done, nobody knows.
  [{ kind: 'proxy_page', status: 200 }, unclear(200)],
  [{ kind: 'body', text: '' }, unclear(200)],
  [{ kind: 'body', text: 'null' }, unclear(200)],
  [{ kind: 'body', text: '[]' }, unclear(200)],
  [{ kind: 'body', text: '{"object":"something"}' }, unclear(200)],
  [{ kind: 'body', text: `{"object":"user","id":"${makeUserId(1)}"}` }, unclear(200)],
  // Something that is not Clerk knows nothing of its users.
  [{ kind: 'proxy_page', status: 403 }, unclear(403)],
  [{ kind: 'proxy_page', status: 404 }, unclear(404)],
  [{ kind: 'status', status: 404, body: '404 page not found' }, unclear(404)],
  [{ kind: 'status', status: 422, body: '{"errors":[]}' }, unclear(422)],
  [{ kind: 'status', status: 422, body: '{"errors":[{"code":7}]}' }, unclear(422)],
  [{ kind: 'status', status: 401 }, { kind: 'unauthorized' }],
  [{ kind: 'proxy_page', status: 401 }, { kind: 'unauthorized' }],
  [
    { kind: 'status', status: 429, headers: { 'retry-after': '7' } },
    { kind: 'rate_limited', retryAfterMs: 7000 },
  ],
];

/** Where no answer ends, and the client gives up. */
const SILENT: ReadonlySet<string> = new Set(['never', 'slow', 'stalled_body']);

describe.each(['patchUser', 'dropEmail'] as const)('%s', (name) => {
  const { make } = CALLS[name] ?? expect.unreachable();
  const cases = FAILURES.flatMap(([fault, answer]) => [
    { title: `before it is applied: ${JSON.stringify(fault)}`, fault, answer },
    { title: `after it was applied: ${JSON.stringify(fault)}`, fault: { kind: 'applied', fault } as const, answer },
  ]);

  test.each(cases)('is sent once and resolves, answered $title', async ({ fault, answer }) => {
    const inner = fault.kind === 'applied' ? fault.fault : fault;
    const { clerk, changes } = await useChanges({ timings: { requestMs: SILENT.has(inner.kind) ? 500 : 30_000 } });
    clerk.intercept(() => fault);
    expect(await make(changes)).toEqual(answer);
    expect(clerk.requests.length).toBe(1);
    if (fault.kind === 'applied') expect(clerk.writes.length).toBe(1);
  });
});

describe('Clerk’s own refusals', () => {
  const errors = (code: string) => [
    { code, message: code.replaceAll('_', ' '), long_message: code.replaceAll('_', ' ') },
  ];
  const told = (code: string) => ({ errors: errors(code), property: null, traceId: TRACE });
  const REFUSED: readonly (readonly [number, string])[] = [
    ...(['request_body_invalid', 'malformed_request_parameters', 'bad_request', 'api_version_invalid'] as const).map(
      (code) => [400, code] as const,
    ),
    ...(
      [
        'identification_deletion_failed',
        'last_required_identification_deletion_failed',
        'delete_linked_identification_disallowed',
      ] as const
    ).map((code) => [400, code] as const),
    [402, 'unsupported_subscription_plan_features'],
    ...(
      [
        'feature_not_enabled',
        'authorization_invalid',
        'quota_exceeded',
        'user_quota_exceeded',
        'password_disabled',
        'not_allowed_access',
      ] as const
    ).map((code) => [403, code] as const),
    [404, 'image_not_found'],
    [409, 'attribute_managed_by_scim'],
    [409, 'user_managed_by_scim'],
    [410, 'operation_deprecated'],
    [413, 'request_body_too_large'],
    [415, 'unsupported_content_type'],
    [422, 'form_password_pwned'],
    [422, 'form_identifier_exists'],
    [422, 'a_code_of_tomorrow'],
    [418, 'a_code_of_tomorrow'],
  ];
  const CASES: readonly (readonly [number, string, ChangeAnswer])[] = [
    ...REFUSED.map(([status, code]) => [status, code, { kind: 'refused', status, ...told(code) }] as const),
    [404, 'resource_not_found', { kind: 'not_found', ...told('resource_not_found') }],
    [409, 'resource_locked', { kind: 'busy', isKnown: true, ...told('resource_locked') }],
    [409, 'conflict', { kind: 'busy', isKnown: true, ...told('conflict') }],
    [409, 'a_code_of_tomorrow', { kind: 'busy', isKnown: false, ...told('a_code_of_tomorrow') }],
    [401, 'authentication_invalid', { kind: 'unauthorized' }],
    [429, 'too_many_requests', { kind: 'rate_limited', retryAfterMs: 10_000 }],
    [500, 'internal_clerk_error', unclear(500)],
  ];

  test.each(CASES)('%i %s', async (status, code, answer) => {
    const { clerk, changes } = await useChanges();
    clerk.intercept(() => ({ kind: 'status', status, code }));
    expect(await changes.patchUser(ID, '{}')).toEqual(answer);
    expect(clerk.requests.length).toBe(1);
  });

  test('are kept whole, with the first property that they name', async () => {
    const { changes } = await useChanges();
    const entry = (property: string, message: string, longMessage: string, code: string) => ({
      ...{ code, message, long_message: longMessage, meta: { param_name: property } },
    });
    const type = 'first_name is invalid. Received 7, must be of type string.';
    expect(await changes.patchUser(ID, '{"first_name":7,"nickname":"x"}')).toEqual({
      ...{ kind: 'refused', status: 422, property: 'first_name', traceId: TRACE },
      errors: [
        entry('first_name', type, type, 'form_param_value_invalid'),
        entry('nickname', 'is unknown', 'nickname is not a valid parameter for this request.', 'form_param_unknown'),
      ],
    });
  });

  test('with 404 are about the user only where no property is named', async () => {
    const { clerk, changes } = await useChanges();
    const error = {
      code: 'resource_not_found',
      message: 'not found',
      meta: { param_name: 'primary_email_address_id' },
    };
    clerk.intercept(() => ({ kind: 'status', status: 404, body: JSON.stringify({ errors: [error] }) }));
    expect(await changes.patchUser(ID, '{"primary_email_address_id":"idn_gone"}')).toEqual({
      ...{ kind: 'refused', status: 404, errors: [error], property: 'primary_email_address_id', traceId: null },
    });
  });

  test('are not needed to see that a body is too large', async () => {
    const { clerk, changes } = await useChanges();
    clerk.intercept(() => ({ kind: 'proxy_page', status: 413 }));
    const message = 'Something between here and Clerk refuses a request of this size: ask for less at once.';
    expect(await changes.patchUser(ID, '{}')).toEqual({
      ...{ kind: 'refused', status: 413, property: null, traceId: null },
      errors: [{ code: 'request_body_too_large', message }],
    });
  });
});

describe('a 429', () => {
  const inSeconds = (seconds: number) => new Date(Date.now() + seconds * 1000).toUTCString();
  test.each<[string, string | undefined, number, number]>([
    ['does not say how long', undefined, 10_000, 10_000],
    ['says it in seconds', '3', 3000, 3000],
    ['says it as a date', inSeconds(60), 30_000, 60_000],
    ['says a date that is over', inSeconds(-60), 1000, 1000],
    ['says 0', '0', 1000, 1000],
    ['says a fraction', '1.5', 10_000, 10_000],
    ['says less than nothing', '-5', 10_000, 10_000],
    ['says a word', 'soon', 10_000, 10_000],
    ['says a year', '31536000', 900_000, 900_000],
    ['says a date in a hundred years', 'Fri, 01 Jan 2126 00:00:00 GMT', 900_000, 900_000],
    ['says more than a number holds', '9'.repeat(400), 10_000, 10_000],
  ])('that %s', async (_what, header, atLeastMs, atMostMs) => {
    const { clerk, changes } = await useChanges();
    const headers = header === undefined ? {} : { 'retry-after': header };
    clerk.intercept(() => ({ kind: 'status', status: 429, headers }));
    const answer = await changes.ban(ID);
    expect(answer).toEqual({ kind: 'rate_limited', retryAfterMs: expect.any(Number) });
    const { retryAfterMs } = answer as { retryAfterMs: number };
    expect(retryAfterMs).toBeGreaterThanOrEqual(atLeastMs);
    expect(retryAfterMs).toBeLessThanOrEqual(atMostMs);
  });

  test('of a change holds back no question, and none of a question a change', async () => {
    const { clerk, api, changes } = await useChanges();
    clerk.blockUser(ID, 60_000);
    expect(await changes.patchUser(ID, '{}')).toEqual({ kind: 'rate_limited', retryAfterMs: 60_000 });
    expect((await api.getUser(ID))?.user.id).toBe(ID);
    clerk.intercept(({ method }) =>
      method === 'GET' ? { kind: 'status', status: 429, headers: { 'retry-after': '3' } } : undefined,
    );
    const counted = api.countUsers();
    await vi.waitUntil(() => clerk.requests.at(-1)?.path === '/users/count');
    expect((await changes.ban(ID)).kind).toBe('user');
    clerk.intercept(undefined);
    expect(await counted).toBe(2);
  });
});

describe('what was certainly not sent', () => {
  test('because nobody listens', async () => {
    const { clerk, changes } = await useChanges();
    await clerk.close();
    expect(await changes.patchUser(ID, '{}')).toEqual({ kind: 'not_sent' });
  });

  test('because nobody knows the host', async () => {
    const { changes } = openFakeApi({ url: 'http://clerk.invalid', secretKey: 'sk_test_nobody' }, PATIENT);
    expect(await changes.patchUser(ID, '{}')).toEqual({ kind: 'not_sent' });
  });

  test('because the certificate is not to be trusted', async () => {
    const server = await useTlsServer();
    const { changes } = openFakeApi({ url: server.url, secretKey: 'sk_test_nobody' }, PATIENT);
    expect(await changes.patchUser(ID, '{"password":"S3cret-enough"}')).toEqual({ kind: 'not_sent' });
    expect(server.count()).toBe(0);
  });
});

describe('an id', () => {
  test.each([
    '',
    '.',
    '..',
    '../users',
    'count',
    'user_1/ban',
    'user_1?a=b',
    'user_1#a',
    'user 1',
    'user_é',
    '%2e%2e',
    'user_1\n',
    'a'.repeat(257),
  ])('that would change something else is not sent: %j', async (id) => {
    const { clerk, changes } = await useChanges();
    const gone = { errors: [{ code: 'resource_not_found', message: 'Clerk can have nothing with such an id.' }] };
    const made = [
      ...[changes.patchUser(id, '{}'), changes.putMetadata(id, '{}'), changes.patchMetadata(id, '{}')],
      ...[changes.ban(id), changes.unban(id), changes.lock(id), changes.unlock(id), changes.deleteUser(id)],
      ...[changes.changeEmail(id, '{}'), changes.dropEmail(id)],
    ];
    expect(new Set(await Promise.all(made))).toEqual(
      new Set([{ kind: 'not_found', ...gone, property: null, traceId: null }]),
    );
    expect(clerk.requests).toEqual([]);
  });
});

describe('an abort', () => {
  test('ends a call at once, with its own reason', async () => {
    const controller = new AbortController();
    const { clerk, changes } = await useChanges({ signal: controller.signal });
    clerk.intercept(() => ({ kind: 'never' }));
    const made = changes.patchUser(ID, '{}').catch((error: unknown) => error);
    await vi.waitUntil(() => clerk.requests.length === 1);
    const reason = new Error('enough');
    controller.abort(reason);
    expect(await made).toBe(reason);
    await expect(changes.ban(ID)).rejects.toBe(reason);
    expect(clerk.requests.length).toBe(1);
  });
});

describe('what is kept of an error', () => {
  async function refuse(body: string, errors: unknown, traceId: unknown = TRACE) {
    const { clerk, changes } = await useChanges();
    const text = JSON.stringify({ errors, clerk_trace_id: traceId });
    clerk.intercept(() => ({ kind: 'status', status: 422, body: text }));
    const answer = await changes.patchUser(ID, body);
    if (answer.kind !== 'refused') throw new Error(`It is ${answer.kind}.`);
    return answer;
  }

  test('holds no secret of the request, wherever Clerk quotes it', async () => {
    const secrets = {
      password: 'p"ss\\w?rd.*',
      password_digest: '$2b$10$x',
      totp_secret: 'JBSWY3DP',
      backup_codes: ['aa', 'aab'],
    };
    const message = `${Object.values(secrets).flat().join(' ')} and ${JSON.stringify(secrets)}`;
    const meta = { param_name: 'password', aab: [secrets.password, { deep: 'xaabx' }], n: 1 };
    const { errors, property } = await refuse(JSON.stringify(secrets), [
      { code: 'form_param_value_invalid', message, long_message: message, meta },
    ]);
    const erased =
      '[erased] [erased] [erased] [erased] [erased] and {"password":"[erased]","password_digest":"[erased]","totp_secret":"[erased]","backup_codes":["[erased]","[erased]"]}';
    expect(errors).toEqual([
      {
        ...{ code: 'form_param_value_invalid', message: erased, long_message: erased },
        meta: { param_name: 'password', '[erased]': ['[erased]', { deep: 'x[erased]x' }], n: 1 },
      },
    ]);
    expect(property).toBe('password');
  });

  test('holds no half of a secret where a long text is cut', async () => {
    const password = 'S3cret'.repeat(10);
    const { errors } = await refuse(JSON.stringify({ password }), [
      { code: 'some_code', message: `${'x'.repeat(480)}${password}` },
    ]);
    expect(errors).toEqual([{ code: 'some_code', message: `${'x'.repeat(480)}[erased]` }]);
  });

  test('is free of secrets as short as a letter, and as long as a book', async () => {
    const secrets = { password: 'e', backup_codes: ['r', '$&', 'x'.repeat(1_000_000)] };
    const { errors } = await refuse(JSON.stringify(secrets), [{ code: 'some_code', message: 'here: $& xx' }]);
    expect(errors).toEqual([{ code: 'some_code', message: 'h[erased][erased][erased]: [erased] xx' }]);
  });

  test('still names the property where its name is the secret', async () => {
    const { property } = await refuse('{"password":"password"}', [
      { code: 'form_password_pwned', message: 'password is pwned', meta: { param_name: 'password' } },
    ]);
    expect(property).toBe('password');
  });

  test('is bounded', async () => {
    const long = '😀'.repeat(1000);
    const many = Array.from({ length: 100 }, (_, n) => ({
      ...{
        code: `code_${n}`,
        message: long,
        long_message: long,
        meta: { param_name: 'first_name', suggestions: [long] },
      },
    }));
    const { errors } = await refuse('{}', many);
    const cut = `${'😀'.repeat(250)}…`;
    expect(errors).toEqual(
      Array.from({ length: 30 }, (_, n) => ({
        ...{ code: `code_${n}`, message: cut, long_message: cut, meta: { param_name: 'first_name' } },
      })),
    );
    expect(JSON.stringify(errors).length).toBeLessThan(50_000);
  });

  test('is what Postgres can store, and what is no error is left out', async () => {
    const { errors, traceId } = await refuse(
      '{}',
      [
        null,
        'x',
        { message: 'no code' },
        { code: 'a b' },
        { code: 'fine', message: 'a\0b\ud800', long_message: 7, meta: [] },
      ],
      'not an id',
    );
    expect(errors).toEqual([{ code: 'fine', message: 'a\ufffdb\ufffd' }]);
    expect(traceId).toBeNull();
  });

  test('keeps what a weak password lacks', async () => {
    const meta = {
      param_name: 'password',
      zxcvbn: { suggestions: [{ code: 'anotherWord', message: 'Add more words.' }] },
    };
    const { errors } = await refuse('{}', [{ code: 'form_password_not_strong_enough', message: 'weak', meta }]);
    expect(errors).toEqual([{ code: 'form_password_not_strong_enough', message: 'weak', meta }]);
  });
});
