import { usageError } from '../../errors.ts';

/** What a command that changes rows was told about which rows. */
export interface Selected {
  readonly ids: readonly unknown[];
  readonly all?: boolean | undefined;
  /** The values of all filters; undefined for those that were not given. */
  readonly filters: readonly unknown[];
  readonly what: string;
}

/**
 * All rows are taken only with `--all`, never because an argument was forgotten.
 *
 * @throws {OperatorError} if nothing was asked for, or both ids and `--all`.
 */
export function assertSelected({ ids, all = false, filters, what }: Selected): void {
  if (all && ids.length > 0) throw usageError('Give either ids or --all, not both.');
  if (all || ids.length > 0 || filters.some((value) => value !== undefined)) return;
  throw usageError(
    `It is not clear which ${what} are meant. Give their ids, a filter such as --reason, or --all.`,
    `With --dry-run, the ${what} are shown and nothing is changed.`,
  );
}

/** @throws {OperatorError} for a period that ends before it begins. */
export function assertPeriod({ since, until }: { since?: Date; until?: Date }): void {
  if (since === undefined || until === undefined || since < until) return;
  throw usageError('--since must be before --until.');
}
