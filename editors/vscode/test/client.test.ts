import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';

import type { Link } from '../src/bar';
import { Client } from '../src/client';
import { LONGEST_LINE } from '../src/lines';
import type { Status } from '../src/protocol';

const HELLO = '{"devdoctor":"0.1.0","protocol":1}\n';

/** A client, and the other end played by the test: what no daemon does, too. */
class Scene {
  readonly links: Link[] = [];
  readonly statuses: Status[] = [];
  readonly path: string;
  readonly client: Client;
  private server: Server | undefined;
  private readonly sockets = new Set<Socket>();
  private readonly folder = mkdtempSync(join(tmpdir(), 'devdoctor-'));

  constructor(context: TestContext) {
    this.path = process.platform === 'win32' ? `\\\\.\\pipe\\${this.folder.replace(/\W/g, '-')}` : join(this.folder, 's');
    this.client = new Client(() => this.path, '/srv/shop', {
      link: (link) => this.links.push(link),
      status: (status) => this.statuses.push(status),
    });
    context.after(() => {
      this.client.end();
      this.stop();
      rmSync(this.folder, { recursive: true });
    });
  }

  /** Listens; `play` gets every client, `heard` every line that it says. */
  listen(play: (socket: Socket) => void, heard: (line: string, socket: Socket) => void = () => undefined): Promise<void> {
    this.server = createServer((socket) => {
      this.sockets.add(socket);
      let text = '';
      socket.on('error', () => undefined);
      socket.on('data', (chunk) => {
        const lines = (text + chunk.toString()).split('\n');
        text = lines.pop() ?? '';
        lines.forEach((line) => heard(line, socket));
      });
      play(socket);
    });
    return new Promise((done) => this.server?.listen(this.path, done));
  }

  stop(): void {
    this.sockets.forEach((socket) => socket.destroy());
    this.server?.close();
  }

  async until(what: string, is: () => boolean): Promise<void> {
    const end = Date.now() + 20_000;
    while (!is()) {
      assert.ok(Date.now() < end, `${what} did not come: ${JSON.stringify(this.links)}`);
      await new Promise((done) => setTimeout(done, 5));
    }
  }
}

/** Answers every call with its parameters as the status's line. */
function echo(line: string, socket: Socket): void {
  const call = JSON.parse(line) as { id: number; method: string; params: object };
  const result = { level: 'well', line: `${call.method} ${JSON.stringify(call.params)}` };
  socket.write(`${JSON.stringify({ jsonrpc: '2.0', id: call.id, result })}\n`);
}

test('it subscribes with its folder, takes pushes, and comes back', async (context) => {
  const scene = new Scene(context);
  scene.client.retry();
  await scene.until('the absence', () => scene.links.some((link) => link.kind === 'off'));
  await scene.listen((socket) => socket.write(HELLO), echo);
  await scene.until('the answer', () => scene.statuses.length === 1);
  assert.equal(scene.statuses[0]?.line, 'subscribe {"folder":"/srv/shop"}');
  scene.stop();
  await scene.until('the loss', () => scene.links.at(-1)?.kind === 'off' && scene.links.some(({ kind }) => kind === 'up'));
  const push = '{"jsonrpc":"2.0","method":"status","params":{"line":"pushed"}}\n{"jsonrpc":"2.0","method":"alert","params":{}}\n';
  await scene.listen((socket) => socket.write(HELLO + push), echo);
  await scene.until('the push', () => scene.statuses.some(({ line }) => line === 'pushed'));
});

test('calls are told apart, and fail with the daemon’s words or with the daemon', async (context) => {
  const scene = new Scene(context);
  await assert.rejects(scene.client.call('ports', {}), /no daemon runs/);
  await scene.listen(
    (socket) => socket.write(HELLO),
    (line, socket) => {
      const call = JSON.parse(line) as { id: number; method: string };
      if (call.method === 'why') {
        socket.write(`${JSON.stringify({ jsonrpc: '2.0', id: call.id, error: { code: -32602, message: 'no port' } })}\n`);
      } else if (call.method === 'ports') {
        socket.destroy();
      } else {
        echo(line, socket);
      }
    },
  );
  scene.client.retry();
  await scene.until('the answer', () => scene.statuses.length === 1);
  await assert.rejects(scene.client.call('why', { target: 'x' }), /^Error: no port$/);
  assert.deepEqual(await scene.client.call('status', {}), { level: 'well', line: 'status {}' });
  await assert.rejects(scene.client.call('ports', {}), /ended the connection/);
});

for (const [what, says, kind, words] of [
  ['another protocol', '{"devdoctor":"9.0.0","protocol":2}\n', 'stranger', /"protocol":2/],
  ['no JSON', 'SSH-2.0-OpenSSH\n', 'failed', /no JSON/],
  ['no devdoctor', '{"hello":1}\n', 'failed', /no devdoctor/],
  ['a refusal', '{"jsonrpc":"2.0","id":null,"error":{"code":-32003,"message":"too many"}}\n', 'failed', /too many/],
  ['a line without end', 'x'.repeat(LONGEST_LINE + 1), 'failed', /bytes/],
] as const) {
  test(`${what} is said, and the connection given up`, async (context) => {
    const scene = new Scene(context);
    let closed = false;
    await scene.listen((socket) => {
      socket.on('close', () => (closed = true));
      socket.write(says);
    });
    scene.client.retry();
    await scene.until('the word', () => scene.links.some((link) => link.kind === kind));
    assert.match(JSON.stringify(scene.links[0]), words);
    await scene.until('the end', () => closed);
    assert.deepEqual(scene.statuses, []);
  });
}
