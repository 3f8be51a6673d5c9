/** A text whose commands, such as `clerk-sync doctor`, are in the form in which they can be typed here. */
export function localizeCommands(text: string, invocation: string): string {
  return text.replaceAll('`clerk-sync ', `\`${invocation} `);
}
