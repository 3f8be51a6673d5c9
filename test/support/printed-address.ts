import { readFileSync } from 'node:fs';

/** The address of the embedded database from the banner in a pipe, with the password from the file that the banner names. */
export function readPrintedAddress(output: string): string {
  const [, address = '', file = ''] = /^ {2}database {3}(\S+) \(password in (.*)\)$/m.exec(output) ?? [];
  const url = new URL(address);
  url.password = readFileSync(file, 'utf8').trim().split(':').at(-1) ?? '';
  return url.href;
}
