/** One event on its way out: each delivery of it has the same id and the same body. */
export interface Message {
  readonly messageId: string;
  /** Null where a given event doesn't say. */
  readonly type: string | null;
  readonly userId: string | null;
  readonly body: string;
}
