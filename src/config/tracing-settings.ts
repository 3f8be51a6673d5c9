/** How traces are sampled, by the names of OpenTelemetry. */
const SAMPLERS = [
  'always_on',
  'always_off',
  'traceidratio',
  'parentbased_always_on',
  'parentbased_always_off',
  'parentbased_traceidratio',
] as const;
/** One of `SAMPLERS`. */
export type SamplerName = (typeof SAMPLERS)[number];

/** What the variables of OpenTelemetry say, beside those that its own packages read. */
export interface TracingSettings {
  /** False if something is wrong that leaves nothing to send, or nowhere to send it. */
  readonly isOn: boolean;
  readonly sampler: SamplerName;
  /** The share of traces that is kept, from 0 to 1. */
  readonly ratio: number;
  /** What is wrong, in sentences without a value. */
  readonly warnings: readonly string[];
}

type Environment = Readonly<Record<string, string | undefined>>;

const TRACES_ENDPOINT = 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT';
const ENDPOINT = 'OTEL_EXPORTER_OTLP_ENDPOINT';

/**
 * Reads the variables of OpenTelemetry. Undefined if they do not ask for traces. As its specification says, a wrong value is a
 * warning and no reason to end: these variables are often the same for every program of a machine.
 */
export function readTracingSettings(env: Environment): TracingSettings | undefined {
  const read = (name: string) => env[name]?.trim() || undefined;
  const endpoint = [TRACES_ENDPOINT, ENDPOINT].find((name) => read(name) !== undefined);
  if (endpoint === undefined || read('OTEL_SDK_DISABLED')?.toLowerCase() === 'true') return undefined;
  const exporters = (read('OTEL_TRACES_EXPORTER') ?? 'otlp').split(',').map((name) => name.trim());
  if (exporters.includes('none')) return undefined;
  const protocol = read('OTEL_EXPORTER_OTLP_TRACES_PROTOCOL') ?? read('OTEL_EXPORTER_OTLP_PROTOCOL') ?? 'http/protobuf';
  const name = read('OTEL_TRACES_SAMPLER') ?? 'parentbased_always_on';
  const sampler = SAMPLERS.find((known) => known === name);
  const ratio = Number(read('OTEL_TRACES_SAMPLER_ARG') ?? '1');
  const isRatio = ratio >= 0 && ratio <= 1;
  const obstacles = [
    ...warnUnless(
      isHttpUrl(read(endpoint)),
      `${endpoint} must be a URL like http://collector:4318. No traces are sent.`,
    ),
    ...warnUnless(exporters.includes('otlp'), 'OTEL_TRACES_EXPORTER must be otlp. No traces are sent.'),
  ];
  return {
    isOn: obstacles.length === 0,
    sampler: sampler ?? 'parentbased_always_on',
    ratio: isRatio ? ratio : 1,
    warnings: [
      ...obstacles,
      ...warnUnless(
        protocol === 'http/protobuf',
        'Traces are sent as http/protobuf. OTEL_EXPORTER_OTLP_PROTOCOL names another protocol.',
      ),
      ...warnUnless(
        sampler !== undefined,
        `OTEL_TRACES_SAMPLER must be one of ${SAMPLERS.join(', ')}. It counts as unset.`,
      ),
      ...warnUnless(isRatio, 'OTEL_TRACES_SAMPLER_ARG must be a number from 0 to 1. It counts as unset.'),
    ],
  };
}

function warnUnless(isRight: boolean, warning: string): string[] {
  return isRight ? [] : [warning];
}

function isHttpUrl(text = ''): boolean {
  return /^https?:$/.test(URL.parse(text)?.protocol ?? '');
}
