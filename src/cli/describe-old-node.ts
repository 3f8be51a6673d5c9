/** The oldest Node that the package asks for, in its `engines`. */
const OLDEST = [22, 12] as const;

/** What a person reads who starts the program with a Node that is too old for it; undefined where it is new enough. */
export function describeOldNode(version: string): string | undefined {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1])) return undefined;
  return `clerk-sync: Node ${OLDEST.join('.')} or newer is needed, and this is Node ${version}.
Install a newer Node. A checkout has one: \`npm start\` and \`npm run -s clerk-sync\` use it.
`;
}
