import { TraceFlags } from '@opentelemetry/api';
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { expect, test } from 'vitest';
import { ClerkApiError } from '../../../src/clerk/api/clerk-api-error.ts';
import { createTracing } from '../../../src/tracing/create-tracing.ts';

function useTracing() {
  const exporter = new InMemorySpanExporter();
  const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] });
  const tracing = createTracing(provider.getTracer('test'));
  /** The spans that have ended. */
  const read = () =>
    exporter.getFinishedSpans().map((span) => ({
      ...{ name: span.name, attributes: span.attributes, status: span.status.code },
      ...{ spanId: span.spanContext().spanId, parent: span.parentSpanContext?.spanId },
      links: span.links.map(({ context }) => context.spanId),
    }));
  return { tracing, read };
}

const makeHeaders = (place: number, flags: TraceFlags) =>
  new Headers({ traceparent: `00-${'a'.repeat(31)}${place}-${'b'.repeat(15)}${place}-0${flags}` });

test('links a batch to each of its deliveries that is sampled', async () => {
  const { tracing, read } = useTracing();
  const [unsampled, first, second] = [TraceFlags.NONE, TraceFlags.SAMPLED, TraceFlags.SAMPLED].map((flags, place) =>
    tracing.startDelivery(makeHeaders(place, flags)),
  );
  const ids = [first, second].map((delivery) => delivery?.span.spanContext().spanId);
  expect(await tracing.traceBatch([unsampled, undefined, first, second], async () => 'settled')).toBe('settled');
  expect(read()).toEqual([
    {
      ...{ name: 'settle batch', attributes: { 'clerk_sync.batch_size': 4 }, status: 0, spanId: expect.any(String) },
      parent: ids[0],
      links: ids,
    },
  ]);
  expect(await tracing.traceBatch([unsampled], async () => 'settled')).toBe('settled');
  expect(read()).toHaveLength(1);
});

test('marks a delivery that was answered with 503 as an error, and no other', () => {
  const { tracing, read } = useTracing();
  for (const status of [200, 401, 503]) tracing.startDelivery(new Headers()).end({ status });
  expect(read().map(({ attributes, status }) => [attributes['http.response.status_code'], status])).toEqual([
    [200, 0],
    [401, 0],
    [503, 2],
  ]);
});

test('starts a trace of its own if the header of the sender is no trace', () => {
  const { tracing, read } = useTracing();
  for (const traceparent of [
    '',
    'x',
    `00-${'0'.repeat(32)}-${'b'.repeat(16)}-01`,
    `ff-${'a'.repeat(32)}-${'b'.repeat(16)}-01`,
  ]) {
    tracing.startDelivery(new Headers({ traceparent })).end({ status: 200 });
  }
  expect(read().map(({ parent }) => parent)).toEqual([undefined, undefined, undefined, undefined]);
});

test('puts the calls of a run into its span, also behind a timer, and names them without ids and queries', async () => {
  const { tracing, read } = useTracing();
  const answer = async () => ({ status: 200 });
  await tracing.traceRun('backfill', async () => {
    await new Promise((resolve) => setTimeout(resolve, 1));
    await tracing.traceCall({ method: 'GET', path: '/users?email_address=ada@example.com' }, answer);
    await tracing.traceCall({ method: 'GET', path: '/users/count' }, answer);
    await tracing.traceCall({ method: 'PATCH', path: '/users/ada@example.com/metadata' }, answer);
    await tracing.traceCall({ method: 'DELETE', path: '/users/user_1' }, async () => ({ status: 404 }));
  });
  await tracing.traceCall({ method: 'GET', path: '/instance' }, answer);
  const run = read().find(({ name }) => name === 'backfill');
  expect(read().map(({ name, parent, status }) => [name, parent, status])).toEqual([
    ['GET /v1/users', run?.spanId, 0],
    ['GET /v1/users/count', run?.spanId, 0],
    ['PATCH /v1/users/{id}/metadata', run?.spanId, 0],
    ['DELETE /v1/users/{id}', run?.spanId, 2],
    ['backfill', undefined, 0],
    ['GET /v1/instance', undefined, 0],
  ]);
  expect(JSON.stringify(read())).not.toMatch(/ada@|user_1/);
});

test('has of an error only its code', async () => {
  const { tracing, read } = useTracing();
  const fail = () => Promise.reject(new ClerkApiError('unavailable', 'secret details'));
  await expect(tracing.traceCall({ method: 'GET', path: '/users' }, fail)).rejects.toThrow();
  await expect(tracing.traceRun('run', () => Promise.reject(new TypeError('secret details')))).rejects.toThrow();
  expect(read().map(({ attributes, status }) => [attributes['error.type'], status])).toEqual([
    ['unavailable', 2],
    ['TypeError', 2],
  ]);
  expect(JSON.stringify(read())).not.toContain('secret details');
});
