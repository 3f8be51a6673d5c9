/** The text behind `--name` on the command line, if it is there. */
export function readTextOption(name: string): string | undefined {
  const place = process.argv.indexOf(`--${name}`);
  return place === -1 ? undefined : process.argv[place + 1];
}

/** The number behind `--name`; the fallback if there is none. */
export function readOption(name: string, fallback: number): number {
  const value = Number(readTextOption(name));
  return Number.isNaN(value) ? fallback : value;
}
