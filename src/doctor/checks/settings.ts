import { formatQuantity } from '../../text/format-quantity.ts';
import { listSome } from '../../text/list-some.ts';
import type { Check, SettingsFacts } from '../check.ts';
import { failed, ok } from '../finding.ts';

const ADVICE = 'Correct it where the service gets its environment. .env.example has every variable and its meaning.';

/** Whether every variable has the right form. A wrong one has a result under its own name. */
export const checkVariables: Check = ({ settings: { problems } }) => {
  if (problems.length === 0) return ok('Every variable that is set has the right form.');
  return problems.map((problem) => ({ name: nameVariable(problem), ...failed(problem, ADVICE) }));
};

/** The variable that a problem is about. */
function nameVariable(problem: string): string {
  return problem.split(' ', 1)[0] ?? '';
}

/** Whether there is a signing secret of the right form. Says nothing if `checkVariables` has told a problem with it. */
export const checkSigningSecret: Check = ({ settings: { secrets, keptSecret } }) => {
  if (secrets === 1) return ok('It has the right form.', { secrets });
  if (secrets > 1) {
    return ok(
      `${formatQuantity(secrets, 'secret')}, each of the right form. A delivery that is signed with any of them is accepted.`,
      { secrets },
    );
  }
  if (keptSecret === undefined) return [];
  const { path } = keptSecret;
  switch (keptSecret.state) {
    case 'absent':
      return ok(`None is set. The service makes one when it starts, and keeps it in ${path}.`);
    case 'good':
      return ok(`None is set. The service uses its own, in ${path}.`);
    case 'unusable':
      return failed(keptSecret.problem, keptSecret.remedy);
    case 'exposed':
      return failed(
        `Other users of this machine can read ${path}.`,
        `Delete it and restart the service, which makes a new one. Or: chmod 600 ${path}`,
      );
  }
};

/** Those of the named variables that have a problem; undefined if all are well. */
export function findBroken(
  { problems }: Pick<SettingsFacts, 'problems'>,
  names: readonly string[],
): string | undefined {
  const broken = names.filter((name) => problems.some((problem) => nameVariable(problem) === name));
  return broken.length === 0 ? undefined : listSome(broken);
}
