import type { Span } from '@opentelemetry/api';

/** What became of a delivery: ids, types and codes only. */
export interface TracedResult {
  /** Of the answer. */
  readonly status: number;
  readonly outcome?: string;
  /** Why it is a dead letter, or was refused. */
  readonly reason?: string | undefined;
  /** Undefined before the signature is verified. */
  readonly messageId?: string | undefined;
  readonly eventType?: string | null;
  readonly userId?: string | null;
}

/** The span of a delivery. */
export interface DeliverySpan {
  /** What a batch is linked to. */
  readonly span: Span;
  end(result: TracedResult): void;
}

/** A request to Clerk's Backend API. */
export interface TracedCall {
  readonly method: string;
  /** Behind `/v1`, with its query. */
  readonly path: string;
}

/** Tells OpenTelemetry what happens. Where there is none, nothing is asked and nothing is made. */
export interface Tracing {
  /** Begins the span of a request. It continues the trace that the headers name. */
  startDelivery(headers: Pick<Headers, 'get'>): DeliverySpan;
  /** Runs `settle` in a span that is linked to those of the deliveries. */
  traceBatch<T>(deliveries: readonly (DeliverySpan | undefined)[], settle: () => Promise<T>): Promise<T>;
  /** Runs `send` in a span. It belongs to the run that makes the call, if there is one. */
  traceCall<T extends { readonly status: number }>(call: TracedCall, send: () => Promise<T>): Promise<T>;
  /** Runs `work` in a span, which the calls that it makes belong to. */
  traceRun<T>(name: string, work: () => Promise<T>): Promise<T>;
}
