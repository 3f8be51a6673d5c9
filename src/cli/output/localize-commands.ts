/**
 * The text with its commands as they can be typed here: in a checkout `clerk-sync doctor` becomes
 * `npm run -s clerk-sync -- doctor`. Every text names a command as `clerk-sync …`, in backticks or after two spaces.
 * Only what prints a text knows how the program is called.
 */
export function localizeCommands(text: string, invocation: string): string {
  return text.replaceAll(/(?<=`| {2})clerk-sync (?=[a-z])/g, () => `${invocation} `);
}
