import { answerError, type FakeAnswer } from '../clerk-answers.ts';

/** Why a write is refused. */
export interface Problem {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  readonly longMessage: string;
  readonly property: string | undefined;
}

/** A property that Clerk refuses with 422, unless said otherwise. */
export function refuseProperty(property: string, code: string, message: string, status = 422): Problem {
  return { status, code, message, longMessage: message, property };
}

/** A property that there is not, or that this instance has switched off: Clerk's words are the same. */
export function refuseUnknown(property: string): Problem {
  const longMessage = `${property} is not a valid parameter for this request.`;
  return { status: 422, code: 'form_param_unknown', message: 'is unknown', longMessage, property };
}

/** Something other than a property. */
export function refuse(status: number, code: string, message: string): Problem {
  return { status, code, message, longMessage: message, property: undefined };
}

/** Nobody and nothing has the id. */
export function refuseId(what: string, id: string): Problem {
  const longMessage = `No ${what} was found with id ${id}`;
  return { status: 404, code: 'resource_not_found', message: 'not found', longMessage, property: undefined };
}

/** One answer has one status: that of the first problem, with all that share it. */
export function answerProblems(problems: readonly Problem[]): FakeAnswer {
  const status = problems[0]?.status ?? 500;
  const errors = problems
    .filter((problem) => problem.status === status)
    .map(({ message, longMessage, code, property }) => ({
      ...{ message, long_message: longMessage, code },
      ...(property !== undefined && { meta: { param_name: property } }),
    }));
  return answerError(status, ...errors);
}
