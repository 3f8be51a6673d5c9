import { formatQuantity } from '../output/format-values.ts';

/** Says that there are samples here, and that the command ignores them. */
export function describeSamples(samples: number): string {
  return `${formatQuantity(samples, 'sample user')} ignored: \`clerk-sync send --clean\` removes samples`;
}
