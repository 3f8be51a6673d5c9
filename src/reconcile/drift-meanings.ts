import type { ReconcileKind } from './drift-tally.ts';

/** What each kind of drift means, in a few words. */
export const driftMeanings: Readonly<Record<ReconcileKind, string>> = {
  missing: 'at Clerk, not here',
  older: 'changed at Clerk, and the event never arrived',
  different: 'the same version, with other content here',
  absent: 'here, no longer at Clerk',
  unreadable: 'the Backend API serves them in a form that cannot be read',
  newer_here: 'newer here than at Clerk; never overwritten',
  deleted_here: 'at Clerk, deleted here; a deletion is final',
  other_instance: 'belong to another Clerk instance than CLERK_SECRET_KEY; never changed',
  in_flight: 'changed so recently that the webhook may still be on its way',
  activity: 'the same, except for when they were last active',
};
