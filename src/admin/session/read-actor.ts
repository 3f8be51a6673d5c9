const MAX_LENGTH = 80;

/** The name that somebody gave, for the record of actions. Whoever gave none is called "operator". */
export function readActor(text: string | undefined): string {
  const name = (text ?? '').replace(/[\p{Cc}\p{Cf}\p{Cs}\s]+/gu, ' ').trim();
  return [...name].slice(0, MAX_LENGTH).join('') || 'operator';
}
