import { expect, test } from 'vitest';
import { type Explanations, explainDeadLetter, KNOWN_REASONS } from '../../../src/dead-letters/explain-dead-letter.ts';
import type { LetterReason } from '../../../src/sync/batch-entry.ts';

const open = { details: {}, state: 'open', resolution: null } as const;

test('each reason has an explanation of its own', () => {
  const whys = KNOWN_REASONS.map((reason) => explainDeadLetter({ ...open, reason }).why);
  expect(new Set(whys).size).toBe(KNOWN_REASONS.length);
});

test('a reason that this version does not know, such as the name of a method, is said to be unknown', () => {
  const unknown = explainDeadLetter({ ...open, reason: 'a later one' });
  expect(unknown.why).toMatch(/^Another version of clerk-sync stored this letter/);
  expect(explainDeadLetter({ ...open, reason: 'constructor' })).toEqual(unknown);
});

test('a new reason without an explanation does not compile', () => {
  const known = { why: '', whatToDo: '' };
  const all = { invalid_json: known, invalid_shape: known, missing_user_id: known, rejected_by_database: known };
  const explained: Explanations<LetterReason> = all;
  // @ts-expect-error too_old has no explanation
  const lacking: Explanations<LetterReason | 'too_old'> = all;
  expect(lacking).toBe(explained);
});
