import { statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';

const MEMORY = '/dev/shm';
const NEEDED_BYTES = 4 * 1024 ** 3;

/**
 * Where the data of a Postgres of the tests is put: into memory, if Linux offers enough of it. There, making and dropping a
 * database takes 45 ms instead of 130 to 300 ms (two busy cores, 2026-11). Tests kill processes, never the machine, so this
 * loses nothing.
 */
export function findMemoryDirectory(): string {
  try {
    const { bavail, bsize } = statfsSync(MEMORY);
    return bavail * bsize >= NEEDED_BYTES ? MEMORY : tmpdir();
  } catch {
    return tmpdir();
  }
}
