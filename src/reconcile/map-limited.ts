/**
 * Does `work` for each item, a few at a time. The results have the order of the items. After a failure no other item begins,
 * and the failure is thrown when all that had begun have ended.
 */
export async function mapLimited<Item, Result>(
  items: readonly Item[],
  limit: number,
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  const rest = items.entries();
  let hasFailed = false;
  const workOn = async () => {
    for (const [place, item] of rest) {
      if (hasFailed) return;
      try {
        results[place] = await work(item);
      } catch (error) {
        hasFailed = true;
        throw error;
      }
    }
  };
  const ends = await Promise.allSettled(Array.from({ length: limit }, workOn));
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
  return results;
}
