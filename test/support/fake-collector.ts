import { createServer, type IncomingHttpHeaders } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';

/** A span as a collector gets it. */
export interface CollectedSpan {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  /** Empty: it has none. */
  readonly parentSpanId: string;
  readonly attributes: Readonly<Record<string, string | number>>;
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[];
  /** 2: an error. */
  readonly status: number;
}

/** A collector of OpenTelemetry that keeps what it gets. */
export interface FakeCollector {
  readonly url: string;
  readonly spans: readonly CollectedSpan[];
  /** Of the newest request. */
  readonly resource: Readonly<Record<string, string | number>>;
  readonly requests: readonly { readonly path: string; readonly headers: IncomingHttpHeaders }[];
}

/** @param answer the status that it answers with. Undefined: it never answers. */
export async function useFakeCollector(answer: () => number | undefined = () => 200): Promise<FakeCollector> {
  const spans: CollectedSpan[] = [];
  const requests: { path: string; headers: IncomingHttpHeaders }[] = [];
  let resource: CollectedSpan['attributes'] = {};
  const server = createServer(async (request, response) => {
    const body = await buffer(request);
    requests.push({ path: request.url ?? '', headers: request.headers });
    for (const part of decode(body).messages(1)) {
      resource = readAttributes(part.message(1).messages(1));
      spans.push(...part.messages(2).flatMap((scope) => scope.messages(2).map(readSpan)));
    }
    const status = answer();
    if (status !== undefined) response.writeHead(status).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return {
    url: `http://127.0.0.1:${(server.address() as { port: number }).port}`,
    spans,
    requests,
    get resource() {
      return resource;
    },
  };
}

/** The fields of a message of Protocol Buffers, by their numbers. */
interface Message {
  messages(field: number): Message[];
  message(field: number): Message;
  hex(field: number): string;
  text(field: number): string;
  number(field: number): number;
  has(field: number): boolean;
}

/** Reads the wire format: https://protobuf.dev/programming-guides/encoding. */
function decode(bytes: Buffer): Message {
  const fields = new Map<number, (Buffer | number)[]>();
  let place = 0;
  const readVarint = (): number => {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = bytes[place] ?? 0;
      place += 1;
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
  };
  const take = (length: number): Buffer => {
    place += length;
    return bytes.subarray(place - length, place);
  };
  const readValue = (type: number): Buffer | number => {
    if (type === 0) return readVarint();
    if (type === 2) return take(readVarint());
    return take(type === 1 ? 8 : 4);
  };
  while (place < bytes.length) {
    const tag = readVarint();
    const field = Math.floor(tag / 8);
    fields.set(field, [...(fields.get(field) ?? []), readValue(tag % 8)]);
  }
  const one = (field: number) => fields.get(field)?.[0];
  const readBytes = (field: number) => Buffer.from((one(field) as Buffer | undefined) ?? []);
  return {
    messages: (field) => (fields.get(field) ?? []).map((value) => decode(value as Buffer)),
    message: (field) => decode(readBytes(field)),
    hex: (field) => readBytes(field).toString('hex'),
    text: (field) => readBytes(field).toString(),
    number: (field) => Number(one(field) ?? 0),
    has: (field) => fields.has(field),
  };
}

/** Of the message `Span` in opentelemetry/proto/trace/v1/trace.proto. */
function readSpan(span: Message): CollectedSpan {
  return {
    name: span.text(5),
    traceId: span.hex(1),
    spanId: span.hex(2),
    parentSpanId: span.hex(4),
    attributes: readAttributes(span.messages(9)),
    links: span.messages(13).map((link) => ({ traceId: link.hex(1), spanId: link.hex(2) })),
    status: span.message(15).number(3),
  };
}

function readAttributes(pairs: readonly Message[]): Record<string, string | number> {
  const entries = pairs.map((pair) => {
    const value = pair.message(2);
    return [pair.text(1), value.has(1) ? value.text(1) : value.number(3)];
  });
  return Object.fromEntries(entries);
}
