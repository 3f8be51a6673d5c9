import { formatQuantity } from '../../text/format-quantity.ts';

/** Says of samples that they are here and play no part. */
export function describeSamples(samples: number, invocation: string): string {
  return `${formatQuantity(samples, 'sample user')} left aside: \`${invocation} send --clean\` removes samples`;
}
