/** Statuses and findings as the daemon sends them, for the tests. */

import { readStatus, type Status } from '../src/protocol';

export const HOSTILE = 'a\u001b[31m\n$(flame) [x](command:evil) <img src=x> *b* `c` \u202e';

export function finding(says: string): object {
  return {
    code: 'DD206',
    name: 'other-port',
    severity: 'error',
    confidence: 'certain',
    says,
    evidence: [
      { says: 'app (pid 812) listens on 127.0.0.1:3001', seen: { kind: 'socket', at: '127.0.0.1:3001' } },
      { says: 'the port is set', seen: { kind: 'file', file: 'package.json', line: 6 } },
    ],
    fixes: [
      { title: 'open app', safety: 'safe', read: 'http://localhost:3001' },
      { title: 'start it again', safety: 'disruptive', run: ['npm', 'run', "dev'"], folder: '/srv/my shop' },
      {
        title: 'set it',
        safety: 'safe',
        edit: { file: 'vite.config.js', line: 3, column: 1, from: 'port: 3001', to: 'port: 3000' },
      },
    ],
  };
}

export function service(name: string, state: string, port: number): object {
  return {
    name,
    source: 'package.json',
    framework: 'vite',
    expects: [
      {
        port,
        host: null,
        protocol: 'tcp',
        target: null,
        origin: { file: 'package.json', line: 6, column: 12 },
        by: 'flag',
        certain: true,
        state,
        at: state === 'elsewhere' ? ['127.0.0.1:3001'] : [],
        who: state === 'down' ? null : 'vite (pid 812)',
      },
    ],
    state,
    ...(state === 'down' ? {} : { who: 'vite (pid 812)' }),
    ...(state === 'as-expected' ? { url: `http://localhost:${port}` } : {}),
  };
}

export function alert(port: number, says: string): object {
  return { id: 7, phase: 'firing', trigger: 'refused', port, finding: finding(says), since: 0, refusals: 1, muted: false };
}

export function status(fields: object): Status {
  return readStatus({
    schema: 'devdoctor.status/1',
    level: 'well',
    line: '3 up',
    project: '/srv/shop',
    services: [],
    up: 3,
    alerts: [],
    unseen: [],
    daemon: null,
    ...fields,
  });
}
