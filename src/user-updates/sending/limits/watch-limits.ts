/** So many users in a row who were told to wait are not each at their own limit: it is the instance's. */
const USERS_FOR_INSTANCE = 3;

/** Finds out whose limit a 429 means: Clerk's answer does not say. */
export interface LimitWatch {
  /**
   * Tells of a 429.
   *
   * @param isUsers whether the call counts for the limit of its user, too.
   * @returns whether the whole instance has to wait.
   */
  readonly limited: (userId: string, isUsers: boolean) => boolean;
  /** Tells of a call that counts for the limit of its user and that Clerk has taken. */
  readonly passed: () => void;
}

/** Makes one for a process. */
export function createLimitWatch(): LimitWatch {
  const inARow = new Set<string>();
  return {
    limited(userId, isUsers) {
      if (!isUsers) return true;
      inARow.add(userId);
      return inARow.size >= USERS_FOR_INSTANCE;
    },
    passed: () => inARow.clear(),
  };
}
