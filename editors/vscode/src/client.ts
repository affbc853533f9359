/** One folder's connection to the daemon, made again whenever it is lost. */

import { readlinkSync } from 'node:fs';
import { connect, type Socket } from 'node:net';

import type { Link } from './bar';
import { Lines } from './lines';
import { PROTOCOL, object, readHello, readStatus, type Status } from './protocol';

/** How long is waited before the next attempt, in milliseconds: at first, and at most. */
const FIRST_WAIT = 250;
const LONGEST_WAIT = 15_000;
/** How long the daemon may take to greet and to answer a call, in milliseconds. */
const GREETING = 5_000;
const ANSWER = 60_000;
/** How many answers may be awaited at once. */
const MOST_CALLS = 64;

export interface Told {
  link(link: Link): void;
  status(status: Status): void;
}

interface Waiting {
  readonly give: (value: unknown) => void;
  readonly fail: (error: Error) => void;
  readonly timer: NodeJS.Timeout;
}

export class Client {
  private socket: Socket | undefined;
  private greeted = false;
  private ended = false;
  private wait = FIRST_WAIT;
  private next: NodeJS.Timeout | undefined;
  private greeting: NodeJS.Timeout | undefined;
  private readonly waiting = new Map<number, Waiting>();
  private lastCall = 0;

  /** `place` says where the socket is, anew for every attempt. */
  constructor(
    private readonly place: () => string,
    private readonly folder: string | undefined,
    private readonly told: Told,
  ) {}

  /** Connects now, whatever was to be waited for. */
  retry(): void {
    if (this.ended || this.socket !== undefined) {
      return;
    }
    clearTimeout(this.next);
    this.wait = FIRST_WAIT;
    this.attempt();
  }

  /** Ends it for good. */
  end(): void {
    this.ended = true;
    clearTimeout(this.next);
    this.drop('the extension ended');
  }

  /** Whether a call may be made. */
  get isUp(): boolean {
    return this.greeted;
  }

  /** What the daemon answers. Fails with its words, or with why there is no answer. */
  call(method: string, params: object): Promise<unknown> {
    const socket = this.socket;
    if (socket === undefined || !this.greeted) {
      return Promise.reject(new Error('no daemon runs'));
    }
    if (this.waiting.size >= MOST_CALLS) {
      return Promise.reject(new Error('the daemon is busy; try again'));
    }
    const id = ++this.lastCall;
    return new Promise((give, fail) => {
      const timer = setTimeout(() => {
        this.waiting.delete(id);
        fail(new Error(`the daemon did not answer \`${method}\` in ${ANSWER / 1000} s`));
      }, ANSWER);
      this.waiting.set(id, { give, fail, timer });
      socket.write(`${JSON.stringify({ jsonrpc: '2.0', id, method, params })}\n`);
    });
  }

  private attempt(): void {
    let socket: Socket;
    try {
      socket = connect(this.place());
    } catch (error) {
      // A place that no socket can have, as one that is too long.
      this.later({ kind: 'failed', why: words(error) });
      return;
    }
    this.socket = socket;
    const lines = new Lines();
    let link: Link = { kind: 'off' };
    socket.on('connect', () => {
      this.greeting = setTimeout(() => {
        link = { kind: 'failed', why: `it said nothing for ${GREETING / 1000} s` };
        socket.destroy();
      }, GREETING);
    });
    socket.on('data', (chunk) => {
      try {
        for (const line of lines.push(chunk)) {
          const other = this.take(line);
          if (other !== undefined) {
            link = other;
            socket.destroy();
            return;
          }
        }
      } catch (error) {
        link = { kind: 'failed', why: words(error) };
        socket.destroy();
      }
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      const absent = error.code === 'ENOENT' || error.code === 'ECONNREFUSED' || error.code === 'ECONNRESET';
      link = absent || error.code === 'EPIPE' ? { kind: 'off' } : { kind: 'failed', why: error.message };
    });
    socket.on('close', () => {
      this.drop('the daemon ended the connection');
      this.later(link);
    });
  }

  /** Takes a line; gives why no more is to be taken. */
  private take(line: string): Link | undefined {
    let json: unknown;
    try {
      json = JSON.parse(line);
    } catch {
      return { kind: 'failed', why: 'what it says is no JSON' };
    }
    if (!this.greeted) {
      return this.greet(json);
    }
    const message = object(json);
    if (message['method'] === 'status') {
      this.told.status(readStatus(message['params']));
    } else if (typeof message['id'] === 'number') {
      this.answered(message['id'], message);
    }
    return undefined;
  }

  private greet(json: unknown): Link | undefined {
    clearTimeout(this.greeting);
    const hello = readHello(json);
    if (hello === undefined) {
      // A daemon that takes no more clients says so instead of greeting.
      const refused = object(object(json)['error'])['message'];
      return { kind: 'failed', why: typeof refused === 'string' ? refused : 'it is no devdoctor' };
    }
    if (hello.protocol !== PROTOCOL) {
      return { kind: 'stranger', version: hello.devdoctor, protocol: hello.protocol };
    }
    this.greeted = true;
    const socket = this.socket;
    this.told.link({ kind: 'up', elsewhere: hello.netns !== undefined && hello.netns !== namespace() });
    const params = this.folder === undefined ? {} : { folder: this.folder };
    this.call('subscribe', params).then(
      (status) => {
        // Only now is it one that is worth coming back to at once.
        this.wait = FIRST_WAIT;
        this.told.status(readStatus(status));
      },
      (error: unknown) => {
        if (this.greeted && this.socket === socket) {
          this.told.link({ kind: 'failed', why: words(error) });
        }
      },
    );
    return undefined;
  }

  private answered(id: number, message: { readonly [key: string]: unknown }): void {
    const waiting = this.waiting.get(id);
    if (waiting === undefined) {
      return;
    }
    this.waiting.delete(id);
    clearTimeout(waiting.timer);
    if ('error' in message) {
      const error = object(message['error']);
      waiting.fail(new Error(String(error['message'] ?? 'the daemon refused')));
    } else {
      waiting.give(message['result']);
    }
  }

  private drop(why: string): void {
    clearTimeout(this.greeting);
    this.socket?.removeAllListeners('close');
    this.socket?.destroy();
    this.socket = undefined;
    this.greeted = false;
    for (const waiting of this.waiting.values()) {
      clearTimeout(waiting.timer);
      waiting.fail(new Error(why));
    }
    this.waiting.clear();
  }

  private later(link: Link): void {
    if (this.ended) {
      return;
    }
    this.told.link(link);
    this.next = setTimeout(() => this.attempt(), this.wait);
    this.wait = Math.min(this.wait * 2, LONGEST_WAIT);
  }
}

/** The network namespace of this process, by inode, where the system has such. */
function namespace(): number | undefined {
  try {
    return Number(/\d+/.exec(readlinkSync('/proc/self/ns/net'))?.[0]);
  } catch {
    return undefined;
  }
}

export function words(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
