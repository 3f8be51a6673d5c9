export type CheckStatus = 'ok' | 'warning' | 'failed' | 'skipped';

/** What a check has found out. Says names, counts, ages and codes; never a secret, a value of a user's, or a body. */
export interface Finding {
  readonly status: CheckStatus;
  /** What is so, in sentences; where it is a list, one line each. */
  readonly finding: string;
  /** What to do, where something is to be done. */
  readonly advice?: string;
  /** The same for programs. */
  readonly details?: Readonly<Record<string, unknown>>;
}

export interface Check extends Finding {
  readonly name: string;
}

/** Checks of one subject, under its heading. */
export interface CheckGroup {
  readonly title: string;
  readonly checks: readonly Check[];
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

/** It does not work, or what is kept here can't be trusted. */
export function failed(finding: string, advice: string, details?: Details): Finding {
  return { status: 'failed', finding, advice, ...(details && { details }) };
}

/** It can't be told, for a reason that another check has told. */
export function skipped(finding: string): Finding {
  return { status: 'skipped', finding };
}
