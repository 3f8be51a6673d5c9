import { describe, expect, test } from 'vitest';
import { readTracingSettings } from '../../../src/config/tracing-settings.ts';
import { chooseSampler } from '../../../src/tracing/choose-sampler.ts';

const ENDPOINT = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318' };
const DEFAULT = { isOn: true, sampler: 'parentbased_always_on', ratio: 1, warnings: [] };

describe('the variables of OpenTelemetry', () => {
  test.each([
    {},
    { OTEL_SERVICE_NAME: 'users', OTEL_TRACES_SAMPLER: 'always_on' },
    { OTEL_EXPORTER_OTLP_ENDPOINT: ' ' },
    { ...ENDPOINT, OTEL_SDK_DISABLED: 'True' },
    { ...ENDPOINT, OTEL_TRACES_EXPORTER: 'none' },
  ])('%j ask for no traces', (env) => {
    expect(readTracingSettings(env)).toBeUndefined();
  });

  test.each([
    ENDPOINT,
    { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'https://collector/v1/traces' },
    { ...ENDPOINT, OTEL_SDK_DISABLED: 'no', OTEL_TRACES_EXPORTER: 'console, otlp' },
    { ...ENDPOINT, OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf', OTEL_TRACES_SAMPLER: '', OTEL_TRACES_SAMPLER_ARG: '' },
  ])('%j ask for traces', (env) => {
    expect(readTracingSettings(env)).toEqual(DEFAULT);
  });

  test.each([
    ['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', 'collector:4317', false],
    ['OTEL_TRACES_EXPORTER', 'zipkin', false],
    ['OTEL_EXPORTER_OTLP_PROTOCOL', 'grpc', true],
    ['OTEL_TRACES_SAMPLER', 'jaeger_remote', true],
    ['OTEL_TRACES_SAMPLER_ARG', '1.5', true],
    ['OTEL_TRACES_SAMPLER_ARG', 'half', true],
  ])('%s=%s is a warning that names the variable and not the value', (name, value, isOn) => {
    const warnings = [expect.stringContaining(name)];
    expect(readTracingSettings({ ...ENDPOINT, [name]: value })).toEqual({ ...DEFAULT, isOn, warnings });
    expect(JSON.stringify(readTracingSettings({ ...ENDPOINT, [name]: value }))).not.toContain(`${value}`);
  });

  test.each([
    ['always_on', 'AlwaysOnSampler'],
    ['always_off', 'AlwaysOffSampler'],
    ['traceidratio', 'TraceIdRatioBased{0.25}'],
    ['parentbased_always_on', 'ParentBased{root=AlwaysOnSampler'],
    ['parentbased_always_off', 'ParentBased{root=AlwaysOffSampler'],
    ['parentbased_traceidratio', 'ParentBased{root=TraceIdRatioBased{0.25}'],
  ])('the sampler %s is %s', (name, sampler) => {
    const settings = readTracingSettings({ ...ENDPOINT, OTEL_TRACES_SAMPLER: name, OTEL_TRACES_SAMPLER_ARG: '0.25' });
    expect(settings && String(chooseSampler(settings)).slice(0, sampler.length)).toBe(sampler);
  });
});
