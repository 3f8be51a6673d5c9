import { type ExportResult, ExportResultCode } from '@opentelemetry/core';
import type { SpanExporter } from '@opentelemetry/sdk-trace';
import type { Log } from '../log/log.ts';

/**
 * Tells the log that traces can't be sent, once until it works again. The text of the error is left out: it may quote what the
 * collector answered.
 */
export function tellFailures(exporter: SpanExporter, log: Log): SpanExporter {
  let failing = false;
  const tell = ({ code, error }: ExportResult) => {
    const failed = code === ExportResultCode.FAILED;
    if (failed && !failing) {
      const { code: reason, name } = (error ?? {}) as { code?: unknown; name?: unknown };
      log.warn(
        { code: String(reason ?? name ?? 'unknown') },
        'traces can not be sent: check OTEL_EXPORTER_OTLP_ENDPOINT, and whether the collector runs',
      );
    }
    failing = failed;
  };
  return {
    export: (spans, done) =>
      exporter.export(spans, (result) => {
        tell(result);
        // The spans are lost either way, and the SDK would report the error once more.
        done({ code: ExportResultCode.SUCCESS });
      }),
    shutdown: () => exporter.shutdown(),
  };
}
