/** The pages that the navigation shows, in its order: the path below that of the operator's page, and the label. */
export const navigation: readonly (readonly [path: string, label: string])[] = [
  ['overview', 'Overview'],
  ['dead-letters', 'Dead letters'],
  ['replay-runs', 'Replay runs'],
  ['users', 'Users'],
  ['events', 'Events'],
  ['runs', 'Runs'],
  ['update-requests', 'Update requests'],
  ['actions', 'Actions'],
];
