import { createVerifier, type Verifier } from '../clerk/webhook/verify-delivery.ts';
import { createReceiver, type Receiver, type ReceiverOptions } from '../sync/receive.ts';

/** What taking deliveries needs. */
export interface ReceivingOptions extends ReceiverOptions {
  readonly secrets: readonly string[];
}

/** What takes deliveries, in the service and in an application. */
export interface Receiving {
  readonly verify: Verifier;
  readonly receiver: Receiver;
  /** True from the moment it was told to stop. */
  readonly isDraining: () => boolean;
  /** Refuses what comes from now on, and resolves when everything received has been answered. */
  drain(): Promise<void>;
}

/** Puts together what takes deliveries: the service and `createClerkSync` are built on it. */
export function createReceiving({ secrets, ...options }: ReceivingOptions): Receiving {
  const receiver = createReceiver(options);
  let draining = false;
  return {
    verify: createVerifier(secrets),
    receiver,
    isDraining: () => draining,
    async drain() {
      draining = true;
      await receiver.drain();
    },
  };
}
