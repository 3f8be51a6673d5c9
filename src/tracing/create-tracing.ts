import { AsyncLocalStorage } from 'node:async_hooks';
import {
  type Attributes,
  type Context,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import type { DeliverySpan, TracedCall, TracedResult, Tracing } from './tracing.ts';

const propagator = new W3CTraceContextPropagator();
const HEADERS = {
  get: (headers: Pick<Headers, 'get'>, key: string) => headers.get(key) ?? undefined,
  keys: () => propagator.fields(),
};

const ROUTE = '/webhooks/clerk';

/**
 * Makes spans with the tracer. Attributes are ids, types, codes and counts: no body, no address, and no text of an error, which may
 * quote one.
 */
export function createTracing(tracer: Tracer): Tracing {
  const runs = new AsyncLocalStorage<Context>();
  return {
    startDelivery(headers) {
      const attributes = { 'http.request.method': 'POST', 'http.route': ROUTE };
      const parent = propagator.extract(ROOT_CONTEXT, headers, HEADERS);
      const span = tracer.startSpan(`POST ${ROUTE}`, { kind: SpanKind.SERVER, attributes }, parent);
      return { span, end: (result) => endDelivery(span, result) };
    },
    traceBatch(deliveries, settle) {
      const sampled = deliveries.filter((delivery) => delivery !== undefined).filter(isSampled);
      const [first] = sampled;
      if (first === undefined) return settle();
      const links = sampled.map(({ span }) => ({ context: span.spanContext() }));
      const attributes = { 'clerk_sync.batch_size': deliveries.length };
      // A span has one parent. A batch of one is shown within its delivery.
      const span = tracer.startSpan('settle batch', { links, attributes }, trace.setSpan(ROOT_CONTEXT, first.span));
      return inSpan(span, settle);
    },
    traceCall({ method, path }, send) {
      const template = makeTemplate(path);
      const attributes = { 'http.request.method': method, 'url.template': template };
      const name = `${method} ${template}`;
      const span = tracer.startSpan(name, { kind: SpanKind.CLIENT, attributes }, runs.getStore() ?? ROOT_CONTEXT);
      return inSpan(span, async () => {
        const answer = await send();
        span.setAttribute('http.response.status_code', answer.status);
        if (answer.status >= 400) span.setStatus({ code: SpanStatusCode.ERROR });
        return answer;
      });
    },
    traceRun(name, work) {
      const parent = runs.getStore() ?? ROOT_CONTEXT;
      const span = tracer.startSpan(name, {}, parent);
      return inSpan(span, () => runs.run(trace.setSpan(parent, span), work));
    },
  };
}

function isSampled({ span }: DeliverySpan): boolean {
  return (span.spanContext().traceFlags & TraceFlags.SAMPLED) !== 0;
}

function endDelivery(span: Span, { status, messageId, eventType, userId, outcome, reason }: TracedResult): void {
  span.setAttribute('http.response.status_code', status);
  span.setAttributes(
    dropAbsent({
      'clerk_sync.message_id': messageId,
      'clerk_sync.event_type': eventType,
      'clerk_sync.user_id': userId,
      'clerk_sync.outcome': outcome,
      'clerk_sync.reason': reason,
    }),
  );
  if (status >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
  span.end();
}

function dropAbsent(attributes: Readonly<Record<string, string | null | undefined>>): Attributes {
  return Object.fromEntries(
    Object.entries(attributes).filter(([, value]) => value !== undefined && value !== null),
  ) as Attributes;
}

/** Ends the span with the work. Of an error it has the code. */
async function inSpan<T>(span: Span, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const { code, name } = error as { code?: unknown; name?: unknown };
    span.setAttribute('error.type', String(code ?? name ?? 'error'));
    span.setStatus({ code: SpanStatusCode.ERROR });
    throw error;
  } finally {
    span.end();
  }
}

/** `/users/user_1/ban?a=b` is `/v1/users/{id}/ban`: ids would make a name of each call, and a query may have anything. */
function makeTemplate(path: TracedCall['path']): string {
  const [resource = '', id, ...rest] = path.replace(/\?.*$/s, '').slice(1).split('/');
  const place = id === undefined || id === 'count' ? id : '{id}';
  return ['/v1', resource, ...(place === undefined ? [] : [place]), ...rest].join('/');
}
