import { expect, test } from 'vitest';
import { createStopStack } from '../../../src/service/stop-stack.ts';

test('stops the newest first, one after another, and only once', async () => {
  const stack = createStopStack();
  const events: string[] = [];
  for (const name of ['pool', 'server']) {
    stack.defer(async () => {
      events.push(`${name} stops`);
      await Promise.resolve();
      events.push(`${name} has stopped`);
    });
  }
  await stack.disposeAsync();
  await stack.disposeAsync();
  expect(events).toEqual(['server stops', 'server has stopped', 'pool stops', 'pool has stopped']);
});

test('stops the others if one fails, and throws every failure', async () => {
  const stack = createStopStack();
  const stopped: string[] = [];
  const fail = (error: Error) => () => Promise.reject(error);
  stack.defer(() => stopped.push('pool'));
  stack.defer(fail(new Error('the server')));
  await expect(stack.disposeAsync()).rejects.toThrow('the server');
  expect(stopped).toEqual(['pool']);

  const two = createStopStack();
  two.defer(fail(new Error('a')));
  two.defer(fail(new Error('b')));
  await expect(two.disposeAsync()).rejects.toMatchObject({ errors: [{ message: 'b' }, { message: 'a' }] });
});

test('refuses everything that is started after the stop has begun', async () => {
  const stack = createStopStack();
  await stack.disposeAsync();
  expect(() => stack.defer(() => undefined)).toThrow('Nothing can be started during the stop.');
});
