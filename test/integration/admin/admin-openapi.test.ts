import * as v from 'valibot';
import { expect, test } from 'vitest';
import { useAdminApi } from '../../support/use-admin-api.ts';

const schema = v.record(v.string(), v.unknown());
const content = v.object({ 'application/json': v.strictObject({ schema }) });
const operation = v.strictObject({
  operationId: v.pipe(v.string(), v.regex(/^[A-Za-z]+$/)),
  summary: v.pipe(v.string(), v.regex(/^[A-Z].*\.?$/)),
  tags: v.array(v.string()),
  parameters: v.exactOptional(
    v.array(
      v.strictObject({
        in: v.picklist(['path', 'query']),
        name: v.string(),
        required: v.exactOptional(v.boolean()),
        description: v.exactOptional(v.string()),
        schema,
      }),
    ),
  ),
  requestBody: v.exactOptional(v.strictObject({ required: v.literal(true), content })),
  responses: v.strictObject({
    200: v.strictObject({ description: v.string(), content }),
    default: v.strictObject({ description: v.string(), content }),
  }),
});
/** As much of OpenAPI 3.1 as the description uses: anything else in it fails. */
const openapi = v.strictObject({
  openapi: v.literal('3.1.0'),
  info: v.strictObject({ title: v.string(), description: v.string(), version: v.string() }),
  servers: v.tuple([v.strictObject({ url: v.literal('../api') })]),
  security: v.tuple([v.strictObject({ token: v.tuple([]) })]),
  components: v.strictObject({
    securitySchemes: v.strictObject({
      token: v.strictObject({ type: v.literal('http'), scheme: v.literal('bearer') }),
    }),
  }),
  paths: v.record(
    v.pipe(v.string(), v.startsWith('/')),
    v.strictObject({ get: v.exactOptional(operation), post: v.exactOptional(operation) }),
  ),
});

/** The keywords of JSON Schema that are used. */
const KEYWORDS = new Set([
  ...['type', 'properties', 'required', 'additionalProperties', 'items', 'anyOf', 'enum', 'description', 'format'],
  ...['default', 'pattern', 'minimum', 'maximum', 'minLength', 'propertyNames'],
]);

interface JsonSchema {
  readonly [keyword: string]: unknown;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly required?: readonly string[];
  readonly type?: string;
  readonly additionalProperties?: unknown;
}

function listKeywords(one: JsonSchema): string[] {
  const inner = [...Object.values(one.properties ?? {}), ...(one.items ? [one.items] : []), ...(one.anyOf ?? [])];
  return [...Object.keys(one), ...inner.flatMap(listKeywords)];
}

/** Where a value is not what its schema says. */
function findMismatches(one: JsonSchema, value: unknown, path = ''): string[] {
  if (one.anyOf !== undefined) {
    const found = one.anyOf.map((option) => findMismatches(option, value, path));
    return found.find((mismatches) => mismatches.length === 0) ?? found[0] ?? [];
  }
  if (one.type === 'null') return value === null ? [] : [`${path} is not null`];
  if (one.type === 'array') {
    if (!Array.isArray(value)) return [`${path} is no list`];
    return value.flatMap((item) => findMismatches(one.items ?? {}, item, `${path}[]`));
  }
  if (one.type === 'object') return findObjectMismatches(one, value, path);
  return one.type === undefined || typeof value === one.type ? [] : [`${path} is no ${one.type}`];
}

function findObjectMismatches(
  { properties = {}, required = [], ...one }: JsonSchema,
  value: unknown,
  path: string,
): string[] {
  if (value === null || typeof value !== 'object') return [`${path} is no object`];
  const isOpen = typeof one.additionalProperties === 'object' || Object.keys(properties).length === 0;
  const missing = required.filter((name) => !(name in value)).map((name) => `${path}.${name} is missing`);
  return [
    ...missing,
    ...Object.entries(value).flatMap(([name, inner]) => {
      const inside = properties[name];
      if (inside !== undefined) return findMismatches(inside, inner, `${path}.${name}`);
      return isOpen ? [] : [`${path}.${name} is not described`];
    }),
  ];
}

type Methods = Readonly<Partial<Record<'get' | 'post', v.InferOutput<typeof operation>>>>;

test('the description is OpenAPI 3.1 and names every route of the API', async () => {
  const { get, admin } = await useAdminApi();
  const { body } = await get('/openapi.json');
  const { paths } = v.parse(openapi, body);
  const described = Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path.replaceAll(/\{(\w+)\}/g, ':$1')}`),
  );
  const routes = admin.routes.routes
    .filter(({ method, path }) => method !== 'ALL' && path.startsWith('/admin/api/'))
    .map(({ method, path }) => `${method} ${path.slice('/admin/api'.length)}`);
  expect(new Set(described)).toEqual(new Set(routes));

  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.values(methods).map((one) => ({ path, ...(one as v.InferOutput<typeof operation>) })),
  );
  expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(operations.length);
  for (const { path, parameters = [], requestBody, responses } of operations) {
    const inPath = parameters.filter((one) => one.in === 'path').map(({ name, required }) => ({ name, required }));
    expect(inPath).toEqual([...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({ name, required: true })));
    const schemas = [
      ...parameters.map((one) => one.schema),
      ...[requestBody, responses[200], responses.default].flatMap((one) =>
        one ? [one.content['application/json'].schema] : [],
      ),
    ];
    expect(schemas.flatMap(listKeywords).filter((keyword) => !KEYWORDS.has(keyword))).toEqual([]);
  }
});

test('what is answered is what the description says', async () => {
  const { get, post, keepLetters, keepUser, sql } = await useAdminApi();
  await keepLetters(2);
  await keepUser('user_1', {});
  await sql`insert into clerk.backfill_runs (run_id, state, started_at, updated_at) values ('b1', 'finished', now(), now())`;
  await sql`insert into clerk.reconcile_runs (run_id, kind, state, started_at) values ('r1', 'full', 'finished', now())`;
  await sql`insert into clerk.processes (process_id, version, host, pid, started_at, seen_at, stats)
    values ('p1', '1.0.0', 'host', 7, now(), now(), '{"queued":0,"in_flight":0,"settled":0,"p50_ms":null,"p99_ms":null}')`;
  const { run_id: run } = (await post('/replay-runs', { filter: {} })).body;
  const { id: update } = (await post('/user-updates', { user_id: 'user_1', action: 'ban' })).body;
  const { paths } = (await get('/openapi.json')).body;
  const ids: Readonly<Record<string, string>> = {
    ...{
      '/dead-letters/{id}': 'msg_0',
      '/replay-runs/{id}': run,
      '/users/{id}': 'user_1',
      '/user-updates/{id}': String(update),
    },
  };
  for (const [path, { get: described }] of Object.entries<Methods>(paths)) {
    if (described === undefined) continue;
    const url = path.replace('{id}', ids[path] ?? '');
    const { status, body } = await get(path === '/users' ? '/users?who=user_1' : url);
    const { schema: answer } = described.responses[200].content['application/json'];
    expect({ path, status, mismatches: findMismatches(answer, body, '') }).toEqual({
      path,
      status: 200,
      mismatches: [],
    });
  }
});
