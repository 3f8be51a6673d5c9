import { execFile } from 'node:child_process';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { onTestFinished } from 'vitest';

const run = promisify(execFile);

/** A file system of its own with so much room and no more. */
export interface SmallDisk {
  readonly directory: string;
  /** Fills it to the last byte. */
  fill(): Promise<void>;
  /** Gives back what `fill` took. */
  free(): Promise<void>;
}

/** Mounts a file system in memory. Only root on Linux may: elsewhere the reason why not is returned. */
export async function useSmallDisk(megabytes: number): Promise<SmallDisk | { readonly unavailable: string }> {
  const directory = await mkdtemp(join(tmpdir(), 'clerk-sync-disk-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  try {
    await run('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m,mode=0755`, 'tmpfs', directory]);
  } catch (error) {
    return { unavailable: `no file system can be mounted here: ${(error as Error).message.trim()}` };
  }
  onTestFinished(async () => {
    await run('umount', ['--lazy', directory]);
  });
  const ballast = join(directory, 'ballast');
  return {
    directory,
    fill: () => writeUntilFull(ballast),
    free: () => rm(ballast, { force: true }),
  };
}

async function writeUntilFull(path: string): Promise<void> {
  const file = await open(path, 'a');
  try {
    for (const size of [1024 * 1024, 4096, 1]) {
      const bytes = Buffer.alloc(size);
      while (await file.write(bytes).then(({ bytesWritten }) => bytesWritten === size, isFull));
    }
  } finally {
    await file.close();
  }
}

function isFull(error: NodeJS.ErrnoException): false {
  if (error.code === 'ENOSPC') return false;
  throw error;
}
