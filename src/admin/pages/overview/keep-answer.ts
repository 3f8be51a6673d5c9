/**
 * Wraps a question so that all who ask in some time share one answer: many open tabs cost no more than one. A failure is not
 * kept.
 *
 * @param keepMs for how long an answer is given, from when it came.
 */
export function keepAnswer<T>(ask: () => Promise<T>, keepMs: number): () => Promise<T> {
  let kept: { readonly answer: Promise<T>; until: number } | undefined;
  return function askRarely() {
    if (kept !== undefined && performance.now() < kept.until) return kept.answer;
    const asked = { answer: ask(), until: Number.POSITIVE_INFINITY };
    kept = asked;
    asked.answer.then(
      () => {
        asked.until = performance.now() + keepMs;
      },
      () => {
        asked.until = 0;
      },
    );
    return asked.answer;
  };
}
