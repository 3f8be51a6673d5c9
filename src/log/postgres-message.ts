/**
 * SQLSTATEs, or classes of two letters, whose messages may be shown: they name only objects, roles, settings and limits. Other
 * messages quote values (22, 23, 44, 54), a statement (42601), or the text of another function (P0, 38, 39, XX000).
 */
const SAFE_CODES: ReadonlySet<string> = new Set([
  ...['08', '0A', '21', '25', '26', '28', '3D', '3F', '40', '53', '55', '57', '58'],
  ...['42501', '42P01', '42P02', '42P05', '42P06', '42P07', '42P10', '42703', '42704', '42804', '42883', '42939'],
  ...['XX001', 'XX002'],
]);

/** `raise` in PL/pgSQL, which can use any SQLSTATE and any text. */
const RAISE = 'exec_stmt_raise';

/** Replaces a message that is not shown. */
export const UNTOLD_MESSAGE = 'The message may quote a row, so it is not shown here. It is in the log of Postgres.';

/**
 * The message of an error of Postgres if it contains nothing of a row; otherwise a sentence that says where the message is.
 * Undefined for every other error.
 */
export function tellPostgresMessage(error: Error): string | undefined {
  const { name, message, code, routine } = error as Error & { code?: unknown; routine?: unknown };
  if (name !== 'PostgresError' || typeof code !== 'string') return undefined;
  const isSafe = (SAFE_CODES.has(code) || SAFE_CODES.has(code.slice(0, 2))) && routine !== RAISE;
  return isSafe ? message : UNTOLD_MESSAGE;
}
