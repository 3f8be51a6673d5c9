/** What a part of the schema can differ in, as the checks are named. */
export type DifferenceKind = 'columns' | 'indexes' | 'constraints' | 'triggers' | 'view' | 'comments';

/** One way in which the live schema is not the one that the migrations make. */
export interface Difference {
  readonly kind: DifferenceKind;
  /** `failed` where it loses or refuses what Clerk sends. */
  readonly status: 'warning' | 'failed';
  /** A sentence without its full stop. */
  readonly text: string;
  /** What puts it right: a statement where one does, else a sentence. */
  readonly remedy: string;
}
