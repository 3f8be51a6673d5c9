/**
 * What became of one delivery. `stale` and `duplicate` are successes: the tables already say what the event says, or
 * something newer.
 */
export type Outcome = 'applied' | 'stale' | 'duplicate' | 'ignored' | 'dead_letter';
