import type { RequestIdVariables } from 'hono/request-id';
import type { AdminRole } from '../../drizzle/schema/codes.ts';
import type { AppEnv } from '../http/app-env.ts';

/** Who looks or acts. */
export interface Viewer {
  readonly role: AdminRole;
  /** The name that they gave. It is not verified. */
  readonly actor: string;
  readonly via: 'page' | 'api';
}

/** What the context of Hono contains below the path of the operator's page. */
export interface AdminEnv extends AppEnv {
  Variables: RequestIdVariables & {
    /** Set before any page or route of the API runs. */
    viewer: Viewer;
    /** The way from the URL of the request to the path of the page: `./` or `../`, as often as it takes. */
    root: string;
  };
}
