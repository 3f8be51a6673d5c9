import { WEBHOOK_PATH } from '../http/webhook-path.ts';
import { version } from '../version.ts';

/** How to reach the embedded database. */
export interface EmbeddedAddress {
  /** For any client, with the password. */
  readonly address: string;
  /** The password in libpq's format. */
  readonly passwordFile: string;
}

/** What the banner shows. */
export interface BannerFacts {
  /** Where the service listens. */
  readonly url: string;
  /** Host, port and name of the configured database, never its user or password; or the embedded one. */
  readonly database: string | EmbeddedAddress;
  /** Whether a person reads it. */
  readonly isTerminal: boolean;
  /** The file of the secret that was made here; undefined if one is configured. */
  readonly secretFile: string | undefined;
  /** The path of the operator's page. Undefined: there is none. */
  readonly adminPath?: string | undefined;
}

/** Where `send` looks for the service if nothing else is configured. */
const DEFAULT_PORT = '3000';

/**
 * What a person sees at the start: one line for a deployment, and more on a machine where it is tried out. Output that goes to
 * a pipe is often stored as a log, so the password is shown only on a terminal.
 */
export function makeBanner({ url, database, isTerminal, secretFile, adminPath }: BannerFacts): string {
  const listening = `clerk-sync ${version} is listening on ${url}`;
  if (typeof database === 'string') return `${listening} and writes to ${database}\n`;
  // A second terminal does not have the PORT of this one.
  const target = new URL(url).port === DEFAULT_PORT ? '' : ` --url ${url}`;
  return [
    listening,
    '',
    `  webhooks   POST ${url}${WEBHOOK_PATH}`,
    ...(adminPath === undefined ? [] : [`  page       ${url}${adminPath}`]),
    `  database   ${describeAddress(database, isTerminal)}`,
    `  secret     ${secretFile ?? 'CLERK_WEBHOOK_SIGNING_SECRET'}`,
    `  try next   clerk-sync send user.created${target}`,
    '             (in a second terminal)',
    '',
    '',
  ].join('\n');
}

function describeAddress({ address, passwordFile }: EmbeddedAddress, isTerminal: boolean): string {
  return isTerminal ? address : `${address.replace(/:[^:@]*@/, '@')} (password in ${passwordFile})`;
}
