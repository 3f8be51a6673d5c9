import { escapeText } from '../../text/escape-text.ts';
import { formatTime } from '../../text/format-values.ts';
import type { Row, UserRows } from '../../users/find-users.ts';
import { wrapText } from '../output/wrap-text.ts';
import { joinName } from './print-overview.ts';

type Line = readonly [name: string, value: string | null];

const NAME_WIDTH = 16;

/** A user for people: one line for each property that has a value. */
export function formatUser({ user, children }: UserRows, width = Number.POSITIVE_INFINITY): string {
  const lines: Line[] = [
    ['name', joinName(user.first_name, user.last_name)],
    ['user name', text(user.username)],
    ['external id', text(user.external_id)],
    ...children.email_addresses.map((row) =>
      describe('e-mail', row.email_address, notes(row, user.primary_email_address_id)),
    ),
    ...children.phone_numbers.map((row) =>
      describe('phone', row.phone_number, notes(row, user.primary_phone_number_id)),
    ),
    ...children.web3_wallets.map((row) => describe('wallet', row.web3_wallet, notes(row, user.primary_web3_wallet_id))),
    ...children.external_accounts.map((row) =>
      describe('linked account', row.provider, [
        text(row.email_address) ?? text(row.username) ?? text(row.provider_user_id),
      ]),
    ),
    ...children.saml_accounts.map((row) => describe('SAML account', row.provider, [text(row.email_address)])),
    ...children.enterprise_accounts.map((row) =>
      describe('SSO account', row.provider ?? row.protocol, [text(row.email_address)]),
    ),
    ...children.passkeys.map((row) => describe('passkey', row.name ?? row.id, notes(row, undefined))),
    ['state', FLAGS.filter((flag) => user[flag] === true).join(', ') || null],
    ...METADATA.map((key): Line => [key.replace('_', ' '), formatObject(user[key])]),
    ['extra', formatObject(user.extra)],
    ...TIMES.map(([name, key]): Line => [name, formatMoment(user[key])]),
    ['synced', joinName(formatMoment(user.synced_at), `by ${user.last_message_id}`)],
    ['instance', text(user.instance_id)],
  ];
  const deleted = formatMoment(user.deleted_at);
  const heading = `User ${escapeText(String(user.id))}${deleted === null ? '' : `, deleted ${deleted}`}`;
  return `${[heading, '', ...lines.flatMap((line) => formatLine(line, width))].join('\n')}\n`;
}

const FLAGS = ['banned', 'locked', 'deprovisioned', 'two_factor_enabled', 'password_enabled'];
const METADATA = ['public_metadata', 'private_metadata', 'unsafe_metadata'];
const TIMES = [
  ['created', 'created_at'],
  ['updated', 'updated_at'],
  ['last sign-in', 'last_sign_in_at'],
  ['last active', 'last_active_at'],
] as const;

function describe(name: string, value: unknown, about: readonly (string | null)[]): Line {
  const known = about.filter((note) => note !== null);
  return [name, `${text(value) ?? '-'}${known.length === 0 ? '' : ` (${known.join(', ')})`}`];
}

function notes(row: Row, primaryId: unknown): (string | null)[] {
  const status = text(row.verification_status);
  return [row.id === primaryId ? 'primary' : null, status];
}

function text(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

/** Null if the object is empty. */
function formatObject(value: unknown): string | null {
  const json = JSON.stringify(value ?? {});
  return json === '{}' ? null : json;
}

function formatMoment(value: unknown): string | null {
  return typeof value === 'string' ? formatTime(new Date(value)) : null;
}

function formatLine([name, value]: Line, width: number): string[] {
  if (value === null) return [];
  const indent = NAME_WIDTH + 4;
  const [first, ...others] = wrapText(escapeText(value), width - indent);
  return [`  ${name.padEnd(NAME_WIDTH)}  ${first}`, ...others.map((line) => ' '.repeat(indent) + line)];
}
