import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  ParentBasedSampler,
  type Sampler,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace';
import type { SamplerName, TracingSettings } from '../config/tracing-settings.ts';

type Settings = Pick<TracingSettings, 'sampler' | 'ratio'>;

const PARENT_BASED = 'parentbased_';

/** Makes the sampler of `OTEL_TRACES_SAMPLER`: the SDK does not read that variable. */
export function chooseSampler({ sampler, ratio }: Settings): Sampler {
  if (!sampler.startsWith(PARENT_BASED)) return makeRoot(sampler, ratio);
  return new ParentBasedSampler({ root: makeRoot(sampler.slice(PARENT_BASED.length) as SamplerName, ratio) });
}

function makeRoot(sampler: SamplerName, ratio: number): Sampler {
  if (sampler === 'always_off') return new AlwaysOffSampler();
  return sampler === 'traceidratio' ? new TraceIdRatioBasedSampler(ratio) : new AlwaysOnSampler();
}
