import { connect, type Socket } from 'node:net';

export interface RawConnection {
  readonly socket: Socket;
  /** Everything that was received so far. */
  text(): string;
  /** Sends bytes as they are; what can't be sent any more is no error. */
  write(data: string | Uint8Array): void;
  /** Resolves with everything received once `condition` holds for it, or the connection has ended. */
  until(condition: (text: string) => boolean): Promise<string>;
  /** Resolves with everything received when the connection has ended, in whatever way. */
  ended(): Promise<string>;
}

/** A TCP connection to a server on this machine, for requests that no HTTP client would make. */
export async function openConnection(url: string): Promise<RawConnection> {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
  let received = '';
  let check: () => void = () => undefined;
  let closed = false;
  socket.on('data', (data) => {
    received += data.toString('latin1');
    check();
  });
  const end = () => {
    closed = true;
    check();
  };
  // A reset is an end like any other to whoever reads here.
  socket.on('error', end).on('end', end).on('close', end);
  await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
  const until = (condition: (text: string) => boolean) =>
    new Promise<string>((resolve) => {
      check = () => {
        if (closed || condition(received)) resolve(received);
      };
      check();
    });
  return {
    socket,
    text: () => received,
    write: (data) => void (socket.writable && socket.write(data)),
    until,
    ended: () => until(() => false).finally(() => socket.destroy()),
  };
}

/** The parts of a raw answer; the body is what stands after the head. */
export function parseAnswer(raw: string) {
  const [head = '', body = ''] = raw.split(/\r\n\r\n(.*)/s);
  const [statusLine = '', ...lines] = head.split('\r\n');
  const headers = Object.fromEntries(
    lines.map((line) =>
      line
        .toLowerCase()
        .split(/:\s*(.*)/s)
        .slice(0, 2),
    ),
  );
  return { status: Number(statusLine.split(' ')[1]), headers: headers as Record<string, string>, body };
}

/** How many complete answers a connection has received. */
export function countAnswers(raw: string): number {
  return raw.match(/HTTP\/1\.1 [2-5]\d\d /g)?.length ?? 0;
}
