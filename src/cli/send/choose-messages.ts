import { existsSync } from 'node:fs';
import { usageError } from '../../errors.ts';
import { createStorm, type Storm } from '../../samples/create-storm.ts';
import { createRandom } from '../../samples/random.ts';
import {
  createSampleEvent,
  isSampleEventType,
  SAMPLE_EVENT_TYPES,
  SAMPLE_SEED,
  type SampleEventType,
} from '../../samples/sample-event.ts';
import type { CommandContext } from '../program/command-context.ts';
import type { Message } from './deliver.ts';
import { countRepeated, repeatSome, shuffle } from './order-deliveries.ts';
import { readMessages } from './read-messages.ts';

/** What the operator asks for. */
export interface ChooseOptions {
  /** A type that has a sample, a file, `-`, or undefined. */
  source: string | undefined;
  count: number | undefined;
  shuffle: boolean;
  duplicate: boolean;
  seed: number | undefined;
  now: Date;
}

/** What is sent, in this order. */
export interface Chosen {
  messages: Iterable<Message>;
  events: number;
  deliveries: number;
  /** Undefined if the events come from a file and nothing was left to chance. */
  seed: number | undefined;
  storm: Storm | undefined;
  sample: SampleEventType | undefined;
}

type Events = Pick<Chosen, 'messages' | 'events' | 'storm' | 'sample'>;

/** Streams of random numbers from one seed. The storm itself has stream 0. */
const SHUFFLE_STREAM = 1;
const REPEAT_STREAM = 2;

/** Finds or makes the events and puts their deliveries in order. The same seed gives the same storm in the same order. */
export async function chooseMessages(options: ChooseOptions, stdin: CommandContext['stdin']): Promise<Chosen> {
  const isStorm = options.source === undefined && options.count !== undefined && options.count > 1;
  const nowSeconds = Math.floor(options.now.getTime() / 1000);
  const orderSeed = options.seed ?? nowSeconds;
  const events = isStorm ? chooseStorm(orderSeed, options.count ?? 1) : await chooseEvents(options, stdin);
  const repeat = (items: Iterable<Message>) => repeatSome(items, createRandom(orderSeed, REPEAT_STREAM));
  const repeated = options.duplicate ? repeat(events.messages) : events.messages;
  const ordered = options.shuffle ? shuffle(repeated, createRandom(orderSeed, SHUFFLE_STREAM)) : repeated;
  const random = isStorm || options.shuffle || options.duplicate;
  return {
    ...events,
    messages: ordered,
    deliveries: options.duplicate
      ? countRepeated(events.events, createRandom(orderSeed, REPEAT_STREAM))
      : events.events,
    seed: random ? orderSeed : options.seed,
  };
}

function chooseStorm(seed: number, count: number): Events {
  const storm = createStorm({ seed, count });
  return { messages: storm.events, events: count, storm, sample: undefined };
}

async function chooseEvents(options: ChooseOptions, stdin: CommandContext['stdin']): Promise<Events> {
  const { source = 'user.created', count, now } = options;
  const ids = createRandom(now.getTime(), Math.floor(Math.random() * 2 ** 32));
  const createMessageId = () => ids.id('msg_', now.getTime());
  if (isSampleEventType(source)) {
    const messages = createSamples(source, options, createMessageId);
    return { messages, events: count ?? 1, storm: undefined, sample: source };
  }
  assertFile(source);
  if (count !== undefined) throw usageError('--count is only for sample events. A file is sent as it is.');
  const messages = await readMessages(source, { stdin, createMessageId });
  return { messages, events: messages.length, storm: undefined, sample: undefined };
}

/** One event for each of `count` sample users with consecutive seeds. */
function* createSamples(
  type: SampleEventType,
  { count = 1, seed = SAMPLE_SEED, now }: ChooseOptions,
  createMessageId: () => string,
): Generator<Message> {
  for (let index = 0; index < count; index += 1) {
    yield { messageId: createMessageId(), ...createSampleEvent(type, seed + index, now.getTime()) };
  }
}

function assertFile(source: string): void {
  if (source === '-' || existsSync(source)) return;
  const hint = `Sample events: ${SAMPLE_EVENT_TYPES.join(', ')}.`;
  throw usageError(`There is no file and no sample event with the name ${source}.`, hint);
}
