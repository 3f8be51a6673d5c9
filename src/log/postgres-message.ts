/**
 * What an error from Postgres may be told with: SQLSTATEs, or classes of two letters, whose messages name objects, roles,
 * settings and limits. Left out are those that quote what was written (22, 23, 44, 54), a statement (42601), or whatever a
 * function of somebody else says (P0, 38, 39, XX000).
 */
const SAFE_CODES: ReadonlySet<string> = new Set([
  ...['08', '0A', '21', '25', '26', '28', '3D', '3F', '40', '53', '55', '57', '58'],
  ...['42501', '42P01', '42P02', '42P05', '42P06', '42P07', '42P10', '42703', '42704', '42804', '42883', '42939'],
  ...['XX001', 'XX002'],
]);

/** `raise` in PL/pgSQL, which can take any SQLSTATE and say anything. */
const RAISE = 'exec_stmt_raise';

/** Stands in for a message that is not told. */
export const UNTOLD_MESSAGE = 'The message may quote a row and is not shown here: the log of Postgres has it.';

/**
 * The message of an error from Postgres, where it holds nothing of a row; else a sentence that says where it is.
 * Undefined for any other error.
 */
export function tellPostgresMessage(error: Error): string | undefined {
  const { name, message, code, routine } = error as Error & { code?: unknown; routine?: unknown };
  if (name !== 'PostgresError' || typeof code !== 'string') return undefined;
  const isSafe = (SAFE_CODES.has(code) || SAFE_CODES.has(code.slice(0, 2))) && routine !== RAISE;
  return isSafe ? message : UNTOLD_MESSAGE;
}
