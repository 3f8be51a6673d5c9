/**
 * Postgres expects more of a limited query than it does, and would compile it. That can take longer than the query. It is off until
 * the transaction ends.
 */
export const COMPILE_NOTHING = `select set_config('jit', 'off', true)`;
