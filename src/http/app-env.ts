import type { HttpBindings } from '@hono/node-server';
import type { RequestIdVariables } from './request-id.ts';

/** What Hono's context carries in this service; the bindings are absent when there is no socket behind a request. */
export interface AppEnv {
  Bindings: Partial<HttpBindings>;
  Variables: RequestIdVariables;
}
