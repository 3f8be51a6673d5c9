/** An error whose message was written here to be shown: it contains nothing of a row and no secret. */
export class TellingError extends Error {
  override readonly name: string = 'TellingError';
}

/**
 * A failure that an operator can repair: the message says what is wrong, the hint says what to do next. `exitCode` is 2 for
 * usage and configuration, 1 for everything else.
 */
export class OperatorError extends TellingError {
  override readonly name: string = 'OperatorError';
  readonly code: string;
  readonly hint: string | undefined;
  readonly exitCode: 1 | 2;

  constructor(code: string, message: string, options: { hint?: string; exitCode?: 1 | 2; cause?: unknown } = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.code = code;
    this.hint = options.hint;
    this.exitCode = options.exitCode ?? 1;
  }
}

/** The arguments of a command are wrong. */
export function usageError(message: string, hint?: string): OperatorError {
  return new OperatorError('usage', message, { exitCode: 2, ...(hint !== undefined && { hint }) });
}

/** The configuration is not valid. `problems` has one sentence for each problem, and never a value. */
export class ConfigError extends OperatorError {
  override readonly name = 'ConfigError';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(
      'invalid_configuration',
      ['The configuration is not valid:', ...problems.map((line) => `  - ${line}`)].join('\n'),
      {
        hint: 'The file .env.example explains every variable.',
        exitCode: 2,
      },
    );
    this.problems = problems;
  }
}
