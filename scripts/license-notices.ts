import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

interface Bundle {
  readonly [fileName: string]: { readonly type: string; readonly moduleIds?: readonly string[] };
}

const FILE = 'THIRD-PARTY-LICENSES.txt';

/** A plugin of the bundler that writes down the licenses of the packages which are in the bundle: they ask for that. */
export function writeLicenseNotices() {
  return {
    name: 'license-notices',
    generateBundle(this: { emitFile(file: object): void }, _: unknown, bundle: Bundle) {
      const modules = Object.values(bundle).flatMap(({ moduleIds = [] }) => moduleIds);
      const packages = new Set(modules.flatMap((id) => findPackage(id) ?? []));
      const notices = [...packages].sort().map(readNotice);
      this.emitFile({
        type: 'asset',
        fileName: FILE,
        source: `${[...new Set(notices)].join(`\n${'-'.repeat(80)}\n\n`)}`,
      });
    },
  };
}

/** The folder of the package that a module is of; undefined for one of ours. */
function findPackage(moduleId: string): string | undefined {
  return /^.*[\\/]node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/]+/.exec(moduleId.replace(/^\0/, ''))?.[0];
}

/** @throws where a package names no license: then nobody may pass it on. */
function readNotice(folder: string): string {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  if (typeof license !== 'string') throw new Error(`${name} names no license.`);
  const [file] = globSync('{LICENSE,LICENCE,license,COPYING}*', { cwd: folder });
  const text =
    file === undefined
      ? '(Its package has no file with the text of the license.)\n'
      : readFileSync(join(folder, file), 'utf8');
  return `${name} ${version} (${license})\n\n${text.trim()}\n`;
}
