import { Hono } from 'hono';
import { type GenerateSpecOptions, openAPIRouteHandler } from 'hono-openapi';
import * as v from 'valibot';
import { version } from '../../version.ts';
import type { AdminEnv } from '../admin-env.ts';
import type { AdminParts } from '../admin-parts.ts';
import { createActionRoutes } from './action-routes.ts';
import { describeEndpoint } from './describe-endpoint.ts';
import { createEventRoutes } from './event-routes.ts';
import { createLetterListRoutes } from './letter-list-routes.ts';
import { createLetterRoutes } from './letter-routes.ts';
import { createOverviewRoutes } from './overview-routes.ts';
import { createReplayRunRoutes } from './replay-run-routes.ts';
import { createRunRoutes } from './run-routes.ts';
import { createUpdateRoutes } from './update-routes.ts';
import { createUserRoutes } from './user-routes.ts';

const GROUPS = [
  ...[
    createOverviewRoutes,
    createLetterListRoutes,
    createLetterRoutes,
    createReplayRunRoutes,
    createUserRoutes,
    createEventRoutes,
  ],
  ...[createRunRoutes, createUpdateRoutes, createActionRoutes],
];

const documentation: GenerateSpecOptions['documentation'] = {
  info: {
    title: 'clerk-sync',
    version,
    description:
      'What the operator\'s page shows and does. Send one of the tokens as "Authorization: Bearer <token>". The header X-Actor names who acts, for the record of actions. Times are in UTC. Numbers in JSON of users keep every digit.',
  },
  // Relative to the address of the description, wherever a proxy shows it.
  servers: [{ url: '../api' }],
  security: [{ token: [] }],
  components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
};

/** Builds the JSON API. `/openapi.json` describes all of it. */
export function createApi(parts: AdminParts): Hono<AdminEnv> {
  const api = new Hono<AdminEnv>();
  for (const createRoutes of GROUPS) api.route('/', createRoutes(parts));
  api.get(
    '/openapi.json',
    describeEndpoint({ tag: 'Description', summary: 'Describe this API: OpenAPI 3.1.', answer: v.looseObject({}) }),
    openAPIRouteHandler(api, { documentation, excludeStaticFile: false, defaultValidationErrorResponse: false }),
  );
  return api;
}
