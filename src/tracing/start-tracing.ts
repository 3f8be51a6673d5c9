import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import {
  defaultResource,
  detectResources,
  resourceAttributesEnvDetector,
  resourceFromAttributes,
  serviceNameEnvDetector,
} from '@opentelemetry/resources';
import { BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import type { TracingSettings } from '../config/tracing-settings.ts';
import type { Log } from '../log/log.ts';
import { version } from '../version.ts';
import { chooseSampler } from './choose-sampler.ts';
import { createTracing } from './create-tracing.ts';
import { tellFailures } from './tell-failures.ts';
import type { Tracing } from './tracing.ts';

/** Traces that are sent until they are stopped. */
export interface StartedTracing {
  /** Undefined if the settings leave nothing to send. */
  readonly tracing: Tracing | undefined;
  /** Sends what is left, for up to three seconds. It never throws. */
  stop(): Promise<void>;
}

const STOP_MS = 3000;
/** A batch of 200 deliveries has as many links. */
const LINKS = 256;
/** As long as the longest message id. A hostile event may have a longer type. */
const VALUE_LENGTH = 256;

/**
 * Starts to send traces over OTLP. Where to, with which headers and as which service is read from `OTEL_…` by the packages of
 * OpenTelemetry, as their users know it. Nothing is registered globally.
 */
export function startTracing(settings: TracingSettings, log: Log): StartedTracing {
  for (const warning of settings.warnings) log.warn({}, warning);
  if (!settings.isOn) return { tracing: undefined, stop: async () => undefined };
  const provider = new TracerProvider({
    resource: describeService(),
    sampler: chooseSampler(settings),
    spanLimits: { linkCountLimit: LINKS, attributeValueLengthLimit: VALUE_LENGTH },
    spanProcessors: [new BatchSpanProcessor({ exporter: tellFailures(new OTLPTraceExporter(), log) })],
  });
  return {
    tracing: createTracing(provider.getTracer('clerk-sync', version)),
    async stop() {
      const late = Promise.withResolvers<void>();
      const timer = setTimeout(() => {
        log.warn({}, 'not all traces could be sent before the stop');
        late.resolve();
      }, STOP_MS);
      const flushed = provider.shutdown().catch((err: unknown) => log.warn({ err }, 'not all traces could be sent'));
      await Promise.race([flushed, late.promise]);
      clearTimeout(timer);
    },
  };
}

/** `OTEL_SERVICE_NAME` wins over `OTEL_RESOURCE_ATTRIBUTES`, and both over ours. */
function describeService() {
  return defaultResource()
    .merge(resourceFromAttributes({ 'service.name': 'clerk-sync', 'service.version': version }))
    .merge(detectResources({ detectors: [resourceAttributesEnvDetector] }))
    .merge(detectResources({ detectors: [serviceNameEnvDetector] }));
}
