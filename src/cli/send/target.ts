import type { Config } from '../../config/config.ts';
import { OperatorError, usageError } from '../../errors.ts';
import { WEBHOOK_PATH } from '../../http/webhook-path.ts';
import { findSigningSecret, locateSigningSecret } from '../../service/signing-secret.ts';

/** Addresses that mean this machine, or all its interfaces. */
const LOCAL_HOSTS = new Set(['0.0.0.0', '::', '127.0.0.1', '::1']);

/** The given URL, or the one of the service that is configured here. A URL without a path gets the path of the service. */
export function chooseUrl(given: string | undefined, loadConfig: () => Pick<Config, 'host' | 'port'>): string {
  const url = URL.parse(given ?? formatLocalUrl(loadConfig()));
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw usageError('--url must be an http:// or https:// address.');
  }
  if (url.pathname === '/') url.pathname = WEBHOOK_PATH;
  return url.href;
}

function formatLocalUrl({ host, port }: Pick<Config, 'host' | 'port'>): string {
  if (LOCAL_HOSTS.has(host)) return `http://localhost:${port}`;
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** The given secret, or the first configured one, or the one that a service without configuration has made. */
export async function chooseSecret(
  given: string | undefined,
  loadConfig: () => Pick<Config, 'secrets' | 'dataDir'>,
): Promise<string> {
  if (given !== undefined) return checkSecret(given);
  const { secrets, dataDir } = loadConfig();
  const secret = secrets?.[0] ?? (await findSigningSecret(dataDir));
  if (secret !== undefined) return secret;
  throw new OperatorError('no_secret', 'There is no secret to sign with.', {
    hint: `Start the service once with \`clerk-sync serve\`, which makes ${locateSigningSecret(dataDir)}. Or set CLERK_WEBHOOK_SIGNING_SECRET, or give --secret.`,
    exitCode: 2,
  });
}

/** Any length is accepted here: the service says whether it is the right one. */
function checkSecret(secret: string): string {
  if (/^whsec_(?:[A-Za-z0-9+/]{4})+(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(secret)) return secret;
  throw usageError('--secret must be whsec_ followed by base64.');
}
