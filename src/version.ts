import manifest from '../package.json' with { type: 'json' };

/** The version of clerk-sync that runs. */
export const version: string = manifest.version;
