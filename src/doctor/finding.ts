/** How a check ends. */
export type CheckStatus = 'ok' | 'warning' | 'failed' | 'skipped';

/** What a check has found out. It has names, counts, ages and codes; never a secret, a value of a user, or a body. */
export interface Finding {
  readonly status: CheckStatus;
  /** What is so, in sentences. A list has one line for each item. */
  readonly finding: string;
  readonly advice?: string;
  readonly details?: Readonly<Record<string, unknown>>;
}

type Details = Finding['details'];

/** All is as it should be. */
export function ok(finding: string, details?: Details): Finding {
  return { status: 'ok', finding, ...(details && { details }) };
}

/** It works, and somebody should look at it. */
export function warning(finding: string, advice: string, details?: Details): Finding {
  return { status: 'warning', finding, advice, ...(details && { details }) };
}

/** It does not work, or the data here can't be trusted. */
export function failed(finding: string, advice: string, details?: Details): Finding {
  return { status: 'failed', finding, advice, ...(details && { details }) };
}

/** The check can't be made. */
export function skipped(finding: string): Finding {
  return { status: 'skipped', finding };
}

/** Thrown in a check that can't be made. The message is its finding. Usually another check tells what is wrong. */
export class SkippedError extends Error {
  override readonly name = 'SkippedError';
}
