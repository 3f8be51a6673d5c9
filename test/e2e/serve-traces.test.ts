import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { version } from '../../src/version.ts';
import { useTestDatabase } from '../support/database.ts';
import { useFakeClerk } from '../support/fake-clerk/use-fake-clerk.ts';
import { type FakeCollector, useFakeCollector } from '../support/fake-collector.ts';
import { startService } from '../support/service.ts';
import { makeSecret, makeSignedRequest } from '../support/signed-request.ts';
import { makeUserEvent } from '../support/use-receiving-app.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const PARENT = 'b7ad6b7169203331';

async function useService(env: Record<string, string>) {
  const { url, sql } = await useTestDatabase();
  const secret = makeSecret();
  const service = await startService({ env: { DATABASE_URL: url, CLERK_WEBHOOK_SIGNING_SECRET: secret, ...env } });
  onTestFinished(() => service.cleanUp());
  const send = async (body: string, { messageId = 'msg_1', flags = '01' } = {}) => {
    const request = makeSignedRequest(body, { secret, messageId });
    const headers = { ...(request.headers as Record<string, string>), traceparent: `00-${TRACE}-${PARENT}-${flags}` };
    return (await fetch(`${service.url}/webhooks/clerk`, { ...request, headers })).status;
  };
  return { service, send, sql };
}

const findSpans = ({ spans }: FakeCollector, name: string) => spans.filter((span) => span.name === name);

test('sends the spans of a delivery, in the trace of its sender, without anything personal', async () => {
  const collector = await useFakeCollector();
  const { service, send } = await useService({
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20abc',
    OTEL_SERVICE_NAME: 'users',
    OTEL_RESOURCE_ATTRIBUTES: 'service.name=other,deployment.environment.name=test',
  });
  const event = JSON.stringify(makeUserEvent({ first_name: 'Zebedee', image_url: 'https://img.example/zebedee' }));
  expect([await send(event), await send('{"type": "user.updated"}', { messageId: 'msg_2' })]).toEqual([200, 200]);
  const refused = await fetch(`${service.url}/webhooks/clerk`, { method: 'POST', body: event });
  expect(refused.status).toBe(400);
  // The stop sends what is left.
  expect(await service.sigterm()).toEqual({ code: 0, signal: null });

  const [applied, letter, stranger] = findSpans(collector, 'POST /webhooks/clerk');
  const http = { 'http.request.method': 'POST', 'http.route': '/webhooks/clerk' };
  const id = expect.stringMatching(/^[0-9a-f]{16}$/);
  const base = { name: 'POST /webhooks/clerk', traceId: TRACE, spanId: id, parentSpanId: PARENT, links: [], status: 0 };
  expect([applied, letter, stranger]).toEqual([
    {
      ...base,
      attributes: {
        ...http,
        'http.response.status_code': 200,
        'clerk_sync.message_id': 'msg_1',
        'clerk_sync.event_type': 'user.updated',
        'clerk_sync.user_id': 'user_1',
        'clerk_sync.outcome': 'applied',
      },
    },
    {
      ...base,
      attributes: {
        ...http,
        'http.response.status_code': 200,
        'clerk_sync.message_id': 'msg_2',
        'clerk_sync.event_type': 'user.updated',
        'clerk_sync.outcome': 'dead_letter',
        'clerk_sync.reason': 'invalid_shape',
      },
    },
    {
      ...base,
      traceId: expect.not.stringContaining(TRACE),
      parentSpanId: '',
      attributes: { ...http, 'http.response.status_code': 400, 'clerk_sync.reason': 'missing_headers' },
    },
  ]);
  expect(findSpans(collector, 'settle batch')).toEqual(
    [applied, letter].map((delivery) => ({
      ...{ name: 'settle batch', traceId: TRACE, spanId: id, parentSpanId: delivery?.spanId, status: 0 },
      attributes: { 'clerk_sync.batch_size': 1 },
      links: [{ traceId: TRACE, spanId: delivery?.spanId }],
    })),
  );
  expect(collector.resource).toMatchObject({
    'service.name': 'users',
    'service.version': version,
    'deployment.environment.name': 'test',
  });
  expect(new Set(collector.requests.map(({ path, headers }) => `${path} ${headers.authorization}`))).toEqual(
    new Set(['/v1/traces Bearer abc']),
  );
  expect(JSON.stringify(collector.spans)).not.toMatch(/zebedee/i);
});

test('the calls of a reconcile belong to its span', async () => {
  const collector = await useFakeCollector();
  const clerk = await useFakeClerk();
  const { service } = await useService({
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${collector.url}/custom/path`,
    CLERK_SECRET_KEY: clerk.secretKey,
    CLERK_API_URL: clerk.url,
    RECONCILE_INTERVAL: '10s',
    USER_UPDATES: 'off',
  });
  await expect
    .poll(() => service.logs().some(({ msg }) => msg === 'reconcile finished'), { timeout: 60_000 })
    .toBe(true);
  await service.sigterm();
  const [run] = findSpans(collector, 'clerk-sync reconcile');
  const calls = findSpans(collector, 'GET /v1/users').filter(({ parentSpanId }) => parentSpanId === run?.spanId);
  expect(run).toMatchObject({ parentSpanId: '', status: 0 });
  expect(calls.length).toBeGreaterThan(0);
  expect(calls[0]).toMatchObject({
    traceId: run?.traceId,
    attributes: { 'http.request.method': 'GET', 'url.template': '/v1/users', 'http.response.status_code': 200 },
  });
  expect(new Set(collector.requests.map(({ path }) => path))).toEqual(new Set(['/custom/path']));
});

test('replaying dead letters has a span', async () => {
  const collector = await useFakeCollector();
  const { service, send, sql } = await useService({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url });
  expect(await send('{"type": "user.updated"}')).toBe(200);
  await sql`update clerk.dead_letters set state = 'queued'`;
  await expect
    .poll(() => service.logs().some(({ msg }) => msg === 'queued dead letters were replayed'), { timeout: 60_000 })
    .toBe(true);
  await service.sigterm();
  expect(findSpans(collector, 'clerk-sync replay of queued letters')).toEqual([
    expect.objectContaining({ parentSpanId: '', links: [], status: 0, attributes: {} }),
  ]);
});

test('keeps only the traces that the sampler and the sender want', async () => {
  const collector = await useFakeCollector();
  const { service, send } = await useService({
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_TRACES_SAMPLER: 'parentbased_traceidratio',
    OTEL_TRACES_SAMPLER_ARG: '0',
  });
  await send(JSON.stringify(makeUserEvent()), { messageId: 'msg_1', flags: '00' });
  await send(JSON.stringify(makeUserEvent()), { messageId: 'msg_2', flags: '01' });
  await fetch(`${service.url}/webhooks/clerk`, { method: 'POST', body: '{}' });
  await service.sigterm();
  expect(collector.spans.map(({ name, attributes }) => [name, attributes['clerk_sync.message_id']])).toEqual([
    ['settle batch', undefined],
    ['POST /webhooks/clerk', 'msg_2'],
  ]);
});

test('a collector that is away or hangs costs a warning, and no delivery and no stop', async () => {
  const silent = await useFakeCollector(() => undefined);
  for (const endpoint of ['http://127.0.0.1:1', silent.url]) {
    const { service, send } = await useService({ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint });
    expect(await send(JSON.stringify(makeUserEvent()))).toBe(200);
    const stoppedAt = performance.now();
    expect(await service.sigterm()).toEqual({ code: 0, signal: null });
    expect(performance.now() - stoppedAt).toBeLessThan(15_000);
    const warnings = service.logs().filter(({ level }) => level === 40);
    expect(warnings.map(({ msg }) => msg)).toEqual([
      expect.stringMatching(/^(?:not all traces could be sent before the stop|traces can not be sent: .*)$/),
    ]);
  }
});

test('wrong values are warnings that quote nothing', async () => {
  const { service, send } = await useService({
    OTEL_EXPORTER_OTLP_ENDPOINT: 'user:hunter2@collector',
    OTEL_TRACES_SAMPLER: 'mine',
    OTEL_TRACES_SAMPLER_ARG: '7',
    OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc',
  });
  expect(await send(JSON.stringify(makeUserEvent()))).toBe(200);
  const warnings = service.logs().filter(({ level }) => level === 40);
  expect(warnings.map(({ msg }) => String(msg).replace(/ .*/, ''))).toEqual([
    'OTEL_EXPORTER_OTLP_ENDPOINT',
    'Traces',
    'OTEL_TRACES_SAMPLER',
    'OTEL_TRACES_SAMPLER_ARG',
  ]);
  expect(service.output().stderr).not.toMatch(/hunter2|mine/);
});

test('nothing of OpenTelemetry’s SDK is loaded without its variables, or if it is disabled', async () => {
  const directory = join(import.meta.dirname, '../../dist/program');
  const names = (await readdir(directory)).filter((name) => name.endsWith('.js'));
  const texts = await Promise.all(names.map((name) => readFile(join(directory, name), 'utf8')));
  const chunk = names.find((_, place) => texts[place]?.includes('OTLPTraceExporter')) ?? 'none';
  expect(chunk).toMatch(/^start-tracing-/);
  const isLoaded = async (env: Record<string, string>) => {
    const { service } = await useService({ NODE_DEBUG: 'esm', ...env });
    await service.sigterm();
    return service.output().stderr.includes(chunk);
  };
  const endpoint = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1' };
  expect([
    await isLoaded({ OTEL_SERVICE_NAME: 'users' }),
    await isLoaded({ ...endpoint, OTEL_SDK_DISABLED: 'true' }),
    await isLoaded({ ...endpoint, OTEL_TRACES_EXPORTER: 'none' }),
    await isLoaded(endpoint),
  ]).toEqual([false, false, false, true]);
});
