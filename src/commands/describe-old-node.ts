const OLDEST = 24;

/** What a person reads who starts the program with a Node that is too old for it; undefined where it is new enough. */
export function describeOldNode(version: string): string | undefined {
  if (Number.parseInt(version, 10) >= OLDEST) return undefined;
  return `clerk-sync: Node ${OLDEST} or newer is needed, and this is Node ${version}.
Install a newer Node. A checkout has one: \`npm start\` and \`npm run -s clerk-sync\` use it.
`;
}
