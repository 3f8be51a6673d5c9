/** The number behind `--name` on the command line; the fallback where there is none. */
export function readOption(name: string, fallback: number): number {
  const { argv } = process;
  const place = argv.indexOf(`--${name}`);
  const value = place === -1 ? Number.NaN : Number(argv[place + 1]);
  return Number.isNaN(value) ? fallback : value;
}
