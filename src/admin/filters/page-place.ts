import type { Inputs } from './query.ts';

/** A place in a list that is ordered by time and id. In a URL it is `<time>~<id>`. */
export interface PagePlace {
  readonly time: string;
  readonly id: string;
}

/** Reads the place after which a page begins. Undefined for the first page. One that was changed by hand begins anew. */
export function readPlace(query: Pick<Inputs, 'text'>, name: string): PagePlace | undefined {
  const [, time, id] = /^([^~]{1,40})~(.+)$/s.exec(query.text(name) ?? '') ?? [];
  return time === undefined || id === undefined || !/^[\d.:TZ-]+$/.test(time) ? undefined : { time, id };
}

/** Writes it. */
export function writePlace({ time, id }: PagePlace): string {
  return `${time}~${id}`;
}
