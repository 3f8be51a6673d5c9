import { formatQuantity } from '../../text/format-quantity.ts';

/** Says that there are samples here, and that the command leaves them aside. */
export function describeSamples(samples: number): string {
  return `${formatQuantity(samples, 'sample user')} left aside: \`clerk-sync send --clean\` removes samples`;
}
