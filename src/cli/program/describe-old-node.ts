/** The oldest Node that the package asks for, in its `engines`. */
const OLDEST = [22, 12] as const;

/** The error for a Node that is too old for the program; undefined if it is new enough. */
export function describeOldNode(version: string): string | undefined {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1])) return undefined;
  return `clerk-sync: This is Node ${version}, and clerk-sync needs Node ${OLDEST.join('.')} or newer.
Install a newer Node. In a checkout, \`npm start\` and \`npm run -s clerk-sync\` use a Node that npm has installed.
`;
}
