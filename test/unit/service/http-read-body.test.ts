import { Hono } from 'hono';
import { describe, expect, test } from 'vitest';
import type { AppEnv } from '../../../src/http/app-env.ts';
import { HttpError } from '../../../src/http/http-error.ts';
import { createBodyReader } from '../../../src/http/read-body.ts';

/** Reads through the reader under test; an error becomes its code. */
function makeReader(limits: { maxBytes: number; maxBufferedBytes: number }) {
  const readBody = createBodyReader(limits);
  const app = new Hono<AppEnv>();
  app.post('/', async (c) => c.text(Buffer.from(await readBody(c)).toString('hex')));
  app.onError((error, c) => c.text(error instanceof HttpError ? error.code : `unknown: ${error.message}`));
  return async (body: Uint8Array | ReadableStream<Uint8Array>, headers: Record<string, string> = {}) => {
    const response = await app.request('/', { method: 'POST', body, headers, duplex: 'half' } as RequestInit);
    return response.text();
  };
}

/** A body without a declared length, made on demand, and how many chunks were asked for. */
function makeChunks(chunk: Uint8Array, count: number) {
  const asked = { chunks: 0, cancelled: false };
  const stream = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        if (asked.chunks === count) return controller.close();
        asked.chunks += 1;
        controller.enqueue(chunk);
      },
      cancel() {
        asked.cancelled = true;
      },
    },
    { highWaterMark: 0 },
  );
  return { stream, asked };
}

const limits = { maxBytes: 10, maxBufferedBytes: 1000 };

describe('reading a body', () => {
  test.each([
    ['nothing', new Uint8Array(), ''],
    ['bytes that are no UTF-8', Uint8Array.of(0xff, 0x00, 0xc3), 'ff00c3'],
    ['a byte order mark', Uint8Array.of(0xef, 0xbb, 0xbf, 0x7b), 'efbbbf7b'],
    ['as much as is allowed', new Uint8Array(10), '00'.repeat(10)],
  ])('gives back %s as it was sent', async (_, sent, hex) => {
    expect(await makeReader(limits)(sent)).toBe(hex);
  });

  test('joins chunks', async () => {
    expect(await makeReader(limits)(makeChunks(Uint8Array.of(1, 2, 3), 3).stream)).toBe('010203'.repeat(3));
  });

  test('refuses a declared length over the limit before it reads anything', async () => {
    const { stream, asked } = makeChunks(new Uint8Array(1), 11);
    const code = await makeReader(limits)(stream, { 'content-length': '11' });
    expect({ code, asked }).toEqual({ code: 'body_too_large', asked: { chunks: 0, cancelled: false } });
  });

  test('stops reading at the first chunk after the limit if no length is declared', async () => {
    const { stream, asked } = makeChunks(new Uint8Array(4), 1_000_000);
    const code = await makeReader(limits)(stream);
    expect({ code, asked }).toEqual({ code: 'body_too_large', asked: { chunks: 3, cancelled: true } });
  });

  test('does not believe a declared length that is too small', async () => {
    expect(await makeReader(limits)(makeChunks(new Uint8Array(4), 100).stream, { 'content-length': '1' })).toBe(
      'body_too_large',
    );
  });

  test('refuses a body that ended too early', async () => {
    const broken = new ReadableStream({
      pull(controller) {
        controller.error(new Error('ECONNRESET'));
      },
    });
    expect(await makeReader(limits)(broken)).toBe('incomplete_body');
  });

  test('refuses a body while too many others are being read, and accepts it after them', async () => {
    const read = makeReader({ maxBytes: 10, maxBufferedBytes: 15 });
    const gate = Promise.withResolvers<void>();
    const held = Promise.withResolvers<void>();
    const slow = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(new Uint8Array(10)),
      async pull(controller) {
        held.resolve();
        await gate.promise;
        controller.close();
      },
    });
    const first = read(slow);
    await held.promise;
    const meanwhile = await read(new Uint8Array(6));
    gate.resolve();
    expect([meanwhile, await first, await read(new Uint8Array(6))]).toEqual([
      'too_many_bodies',
      '00'.repeat(10),
      '00'.repeat(6),
    ]);
  });
});
