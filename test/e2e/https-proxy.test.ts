import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { expect, onTestFinished, test } from 'vitest';
import { runCliProcess } from '../support/cli-process.ts';

/** An HTTP proxy that leads nowhere, and remembers what it was asked for. */
async function useProxy() {
  const asked: string[] = [];
  const server = createServer().on('connect', ({ url, headers }, socket) => {
    asked.push(`${url} ${headers['proxy-authorization'] ?? ''}`.trim());
    socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return { asked, port: (server.address() as AddressInfo).port };
}

const SECRET_KEY = 'sk_test_ofAnInstanceThatIsNotThere';

/** `doctor` asks Clerk, and needs no database for it. */
async function runDoctor(env: Record<string, string>): Promise<string> {
  const { stdout, stderr } = await runCliProcess(['doctor', '--json'], {
    directory: tmpdir(),
    env: { CLERK_SECRET_KEY: SECRET_KEY, CLERK_API_URL: 'https://clerk.invalid', DATA_DIR: 'nowhere', ...env },
  });
  return stdout + stderr;
}

test.each(['HTTPS_PROXY', 'https_proxy'])(
  '%s leads to the Backend API, and its password is in no output',
  async (name) => {
    const { asked, port } = await useProxy();
    const text = await runDoctor({ [name]: `http://user:S3cretPw@127.0.0.1:${port}` });
    const login = `Basic ${Buffer.from('user:S3cretPw').toString('base64')}`;
    expect([...new Set(asked)]).toEqual([`clerk.invalid:443 ${login}`]);
    expect(text).toContain('and at HTTPS_PROXY');
    expect(text).not.toContain('S3cretPw');
  },
);

test('NO_PROXY excludes hosts', async () => {
  const { asked, port } = await useProxy();
  await runDoctor({ HTTPS_PROXY: `127.0.0.1:${port}`, NO_PROXY: 'example.com,clerk.invalid' });
  expect(asked).toEqual([]);
});
