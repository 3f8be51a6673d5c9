import { type Check, type Finding, failed, ok } from './check.ts';
import { list, quantity } from './wording.ts';

/** The secret that a service without a configured one makes for itself. */
export type KeptSecret =
  /** The service has never been started here. */
  | { readonly state: 'absent'; readonly path: string }
  /** `exposed`: others than its owner may read it. */
  | { readonly state: 'good' | 'exposed'; readonly path: string }
  | { readonly state: 'unusable'; readonly path: string; readonly problem: string; readonly remedy: string };

/** What the environment says, as far as it is checked before anything is asked. */
export interface SettingsFacts {
  /** What is wrong, a sentence each, which begins with the name of its variable and has no value. */
  readonly problems: readonly string[];
  /** How many signing secrets are configured, all of the right form; 0: none. */
  readonly secrets: number;
  /** Where none is configured and none has to be. */
  readonly keptSecret: KeptSecret | undefined;
}

const ADVICE = 'Correct it where the service gets its environment; .env.example has every variable and its meaning.';

/** A failed check for each problem, under the name of its variable; else one that says that there is none. */
export function checkSettings({ problems }: SettingsFacts): Check[] {
  if (problems.length === 0) return [{ name: 'variables', ...ok('Every variable that is set has the right form.') }];
  return problems.map((problem) => ({ name: nameVariable(problem), ...failed(problem, ADVICE) }));
}

/** The variable that a problem is about. */
function nameVariable(problem: string): string {
  return problem.split(' ', 1)[0] ?? '';
}

/** Whether there is a secret of the right form; undefined where a problem has told about it. */
export function checkSigningSecret({ secrets, keptSecret }: SettingsFacts): Finding | undefined {
  if (secrets > 0) {
    const finding =
      secrets === 1
        ? 'It has the form of one.'
        : `${quantity(secrets, 'secret')}, each of the right form: what any of them has signed is taken.`;
    return ok(finding, { secrets });
  }
  if (keptSecret === undefined) return undefined;
  const { state, path } = keptSecret;
  if (state === 'absent') return ok(`None is set: the service makes one when it starts, and keeps it in ${path}.`);
  if (state === 'good') return ok(`None is set: the service uses its own, in ${path}.`);
  if (state === 'unusable') return failed(keptSecret.problem, keptSecret.remedy);
  return failed(
    `Other users of this machine can read ${path}.`,
    `Delete it and restart the service, which makes a new one; or: chmod 600 ${path}`,
  );
}

/** Of the problems that there are, those that make it impossible to ask somebody. */
export function findBroken(
  { problems }: Pick<SettingsFacts, 'problems'>,
  names: readonly string[],
): string | undefined {
  const broken = names.filter((name) => problems.some((problem) => nameVariable(problem) === name));
  return broken.length === 0 ? undefined : list(broken);
}
