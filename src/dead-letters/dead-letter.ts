import type { deadLetters } from '../../drizzle/schema/index.ts';

/** A kept delivery with its body, and what that was before an edit: personal data. */
export type DeadLetterWithBody = typeof deadLetters.$inferSelect;

/** A kept delivery, fit to be listed. */
export type DeadLetter = Omit<DeadLetterWithBody, 'body' | 'original_body'>;

/** Open, or closed in one of two ways. */
export type DeadLetterState = DeadLetter['state'];
