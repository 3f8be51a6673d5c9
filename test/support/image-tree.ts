import { execFileSync } from 'node:child_process';
import { copyFile, cp, mkdir, mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const ROOT = join(import.meta.dirname, '../..');

/** What the tests use of the Dockerfile's final stage. */
export interface Dockerfile {
  /** Paths that are copied from the build, relative to the checkout; each keeps its place below the working directory. */
  readonly copied: string[];
  readonly workdir: string;
  readonly healthcheck: string[];
  readonly entrypoint: string[];
  readonly command: string[];
  readonly user: string;
  /** Its own variables, which each container starts with. */
  readonly environment: Record<string, string>;
}

export async function readDockerfile(): Promise<Dockerfile> {
  const text = await readFile(join(ROOT, 'Dockerfile'), 'utf8');
  const stage = text.slice(text.lastIndexOf('\nFROM ')).replaceAll('\\\n', ' ');
  const find = (pattern: RegExp) => pattern.exec(stage)?.[1] ?? '';
  return {
    copied: [...stage.matchAll(/^COPY --from=build \/app\/(\S+) \.\/\1$/gm)].map(([, path = '']) => path),
    workdir: find(/^WORKDIR (.*)$/m),
    healthcheck: JSON.parse(find(/^HEALTHCHECK .*? CMD (.*)$/m)),
    entrypoint: JSON.parse(find(/^ENTRYPOINT (.*)$/m)),
    command: JSON.parse(find(/^CMD (.*)$/m)),
    user: find(/^USER (.*)$/m),
    environment: Object.fromEntries(
      [...find(/^ENV (.*)$/m).matchAll(/(\w+)=(\S*)/g)].map(([, name, value]) => [name, value]),
    ),
  };
}

/** A folder with the image's files, which nobody may write to. */
export interface ImageTree {
  /** The image's working directory. */
  readonly app: string;
  /** The one folder of PATH: `node` and `clerk-sync`. */
  readonly bin: string;
  /** Whom to run programs as: nobody in particular where the tests run as root, who may write to everything. */
  readonly identity: { uid?: number; gid?: number };
  remove(): Promise<void>;
}

/** Lays out what the Dockerfile copies from its build, and its link to the program. */
export async function makeImageTree({ copied }: Dockerfile): Promise<ImageTree> {
  const base = await mkdtemp(join(tmpdir(), 'clerk-sync-image-'));
  const app = join(base, 'app');
  const bin = join(base, 'bin');
  await mkdir(bin);
  for (const path of copied) {
    await mkdir(dirname(join(app, path)), { recursive: true });
    await cp(join(ROOT, path), join(app, path), { recursive: true });
  }
  await symlink(join(app, 'dist/cli.js'), join(bin, 'clerk-sync'));
  // Copied, since the original may be where another user can't go.
  await copyFile(process.execPath, join(bin, 'node'));
  execFileSync('chmod', ['-R', 'u=rX,go=rX', base]);
  return {
    app,
    bin,
    identity: process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {},
    async remove() {
      execFileSync('chmod', ['-R', 'u+w', base]);
      await rm(base, { recursive: true });
    },
  };
}
