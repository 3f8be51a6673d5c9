/**
 * True if an id can be asked for. It can come from a stranger. With `..` or `count` another question would be asked, and
 * its answer would not be about a user.
 */
export function isAskable(id: string): boolean {
  return /^[\w-]{1,256}$/.test(id) && id !== 'count';
}
