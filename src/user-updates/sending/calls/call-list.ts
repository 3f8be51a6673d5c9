import type { UpdateCall } from '../claimed-update.ts';

/** An update that fails for days makes a call every few minutes: of those that came to nothing only the latest are kept. */
const MAX_FAILED = 20;

/** Adds a call to the end of the list. */
export function addCall(calls: readonly UpdateCall[], call: UpdateCall): UpdateCall[] {
  const failed = calls.filter(isFailed);
  const dropped = new Set(failed.slice(0, Math.max(0, failed.length + 1 - MAX_FAILED)));
  return [...calls.filter((other) => !dropped.has(other)), call];
}

/** Says what became of the latest call of this name. */
export function endCall(
  calls: readonly UpdateCall[],
  name: UpdateCall['call'],
  end: Partial<Pick<UpdateCall, 'status' | 'outcome'>>,
): UpdateCall[] {
  const place = calls.findLastIndex(({ call }) => call === name);
  return calls.map((call, index) => (index === place ? { ...call, ...end } : call));
}

/** Takes the latest call of this name off the list: it was never made. */
export function dropCall(calls: readonly UpdateCall[], name: UpdateCall['call']): UpdateCall[] {
  return calls.toSpliced(
    calls.findLastIndex(({ call }) => call === name),
    1,
  );
}

/** What became of the latest call of this name; undefined: there was none. */
export function findOutcome(calls: readonly UpdateCall[], name: UpdateCall['call']): UpdateCall['outcome'] | undefined {
  return calls.findLast(({ call }) => call === name)?.outcome;
}

/** Whether a step needs nothing more. */
export function isDone(outcome: UpdateCall['outcome'] | undefined): boolean {
  return outcome === 'applied' || outcome === 'unchanged';
}

function isFailed({ outcome }: UpdateCall): boolean {
  return !isDone(outcome);
}
