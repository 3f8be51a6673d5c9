import type { Reading } from '../../src/clerk/unreadable.ts';

/** What was read; a test that expects it fails where it can't be. */
export function getRead<Read extends object>(reading: Reading<Read>): Read {
  if ('unreadable' in reading) throw new Error((reading as { unreadable: { error: string } }).unreadable.error);
  return reading;
}
