import { WEBHOOK_PATH } from '../http/webhook-path.ts';
import { version } from '../version.ts';

export interface BannerFacts {
  /** Where the service listens. */
  readonly url: string;
  /** Host, port and name of the configured database; never its user or password. */
  readonly database: string | undefined;
  /** Of the embedded database, with all that a client needs; undefined where a database is configured. */
  readonly address: string | undefined;
  /** The file of the secret that was made here; undefined when one is configured. */
  readonly secretFile: string | undefined;
  /** How this program's commands are called here. */
  readonly invocation: string;
}

/** What a person sees at the start: one line for a deployment; on a machine where it is tried out, what to do next. */
export function makeBanner({ url, database, address, secretFile, invocation }: BannerFacts): string {
  const listening = `clerk-sync ${version} is listening on ${url}`;
  if (database !== undefined) return `${listening} and writes to ${database}\n`;
  return [
    listening,
    '',
    `  webhooks   POST ${url}${WEBHOOK_PATH}`,
    `  database   ${address}`,
    `  secret     ${secretFile ?? 'CLERK_WEBHOOK_SIGNING_SECRET'}`,
    `  try next   ${invocation} send user.created`,
    '             (in a second terminal)',
    '',
    '',
  ].join('\n');
}
