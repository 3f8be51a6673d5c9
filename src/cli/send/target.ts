import type { Config } from '../../config/config.ts';
import { OperatorError } from '../../errors.ts';
import { WEBHOOK_PATH } from '../../http/webhook-path.ts';
import { findSigningSecret, locateSigningSecret } from '../../service/signing-secret.ts';

/** Addresses that mean this machine, or all of its own. */
const LOCAL_HOSTS = new Set(['0.0.0.0', '::', '127.0.0.1', '::1']);

/** The given URL, with the service's path where it has none; else that of the service configured here. */
export function chooseUrl(given: string | undefined, loadConfig: () => Pick<Config, 'host' | 'port'>): string {
  const url = URL.parse(given ?? formatLocalUrl(loadConfig()));
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new OperatorError('usage', '--url must be an http:// or https:// address.', { exitCode: 2 });
  }
  if (url.pathname === '/') url.pathname = WEBHOOK_PATH;
  return url.href;
}

function formatLocalUrl({ host, port }: Pick<Config, 'host' | 'port'>): string {
  if (LOCAL_HOSTS.has(host)) return `http://localhost:${port}`;
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** The given secret; else the first configured one, or the one that a service without configuration has made. */
export async function chooseSecret(
  given: string | undefined,
  loadConfig: () => Pick<Config, 'secrets' | 'dataDir'>,
): Promise<string> {
  if (given !== undefined) return checkSecret(given);
  const { secrets, dataDir } = loadConfig();
  const secret = secrets?.[0] ?? (await findSigningSecret(dataDir));
  if (secret !== undefined) return secret;
  throw new OperatorError('no_secret', 'There is no secret to sign with.', {
    hint: `Start the service once with \`npm start\`, which makes ${locateSigningSecret(dataDir)}; or set CLERK_WEBHOOK_SIGNING_SECRET, or give --secret.`,
    exitCode: 2,
  });
}

/** Any length will do here: whether it is the right one, the service says. */
function checkSecret(secret: string): string {
  if (/^whsec_(?:[A-Za-z0-9+/]{4})+(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(secret)) return secret;
  throw new OperatorError('usage', '--secret must be whsec_ followed by base64.', { exitCode: 2 });
}
