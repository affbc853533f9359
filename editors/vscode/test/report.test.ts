import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';

import { choices, firstCommand } from '../src/choices';
import { readPorts, readReport } from '../src/protocol';
import { portsText, reportText } from '../src/report';
import { shellLine } from '../src/text';
import { HOSTILE, alert, finding, service, status } from './made';

const REPORT = {
  schema: 'devdoctor.why/1',
  target: { input: '3000', scheme: null, host: 'localhost', port: 3000 },
  verdict: 'refused',
  findings: [finding('nobody listens on 3000; app is on 3001')],
  probes: [],
  listeners: [],
  unseen: [{ part: 'containers', gap: 'forbidden' }],
  took_ms: 4,
};

test('a report reads as the command line prints it', () => {
  assert.equal(
    reportText(readReport(REPORT)),
    `error[DD206]: nobody listens on 3000; app is on 3001
 --> 3000: refused
  = app (pid 812) listens on 127.0.0.1:3001  [socket]
  = the port is set                          [package.json:6]
fix: open app
     http://localhost:3001
fix, interrupts something: start it again
     $ cd '/srv/my shop' && npm run 'dev'\\'''
fix: set it
     vite.config.js:3
     - port: 3001
     + port: 3000

could not look at: containers (forbidden)
`,
  );
});

test('where nothing is wrong, what was seen is said', () => {
  const well = {
    ...REPORT,
    verdict: 'reachable',
    findings: [],
    probes: [{ to: '127.0.0.1:3000', outcome: 'answered', took_us: 900, answer: 'HTTP 200' }],
    listeners: [{ at: '127.0.0.1:3000', pid: 812, name: 'vite', uid: 0, scope: 'loopback', container: null, project: '/srv' }],
    unseen: [],
  };
  assert.equal(
    reportText(readReport(well)),
    `ok: 3000: reachable
  = 127.0.0.1:3000 answered (HTTP 200)
  = vite (pid 812) in /srv listens on 127.0.0.1:3000
`,
  );
});

test('nothing that a daemon may say ends the extension', () => {
  for (const junk of [null, 3, 'x', [], {}, { findings: 3, target: [] }, { findings: [null, { fixes: [{ run: [1] }] }] }]) {
    assert.equal(typeof reportText(readReport(junk)), 'string');
    assert.equal(typeof portsText(readPorts(junk)), 'string');
  }
  assert.ok(!/[\u0000-\u0009\u000b-\u001f\u202e]/.test(reportText(readReport({ findings: [finding(HOSTILE)] }))));
});

test('ports are a table', () => {
  const line = (at: string, more: object): object => ({
    at,
    proto: 'tcp',
    scope: 'loopback',
    pid: 812,
    name: 'vite',
    user: 'zoe',
    project: '/srv/shop',
    age_s: 7300,
    container: null,
    owner_unseen: null,
    ...more,
  });
  const shown = portsText(
    readPorts({
      ports: [
        line('127.0.0.1:3000', {}),
        line('[::]:8080', { scope: 'all', pid: null, name: null, project: null, age_s: null, owner_unseen: 'forbidden' }),
      ],
      unseen: [],
    }),
  );
  assert.equal(
    shown,
    `PORT  ADDRESS    SCOPE         OWNER   PID  USER  AGE  PROJECT
3000  127.0.0.1  this machine  vite    812  zoe   2 h  /srv/shop
8080  ::         everybody     hidden  –    zoe   –    –
`,
  );
  assert.equal(portsText(readPorts({ ports: [], unseen: [] })), 'nobody listens on any port\n');
  const blind = portsText(readPorts({ ports: [], unseen: [{ part: 'listeners', gap: 'forbidden' }] }));
  assert.equal(blind, 'could not look at: listeners (forbidden)\n');
});

test('a command survives a shell word by word', { skip: process.platform === 'win32' }, () => {
  const argv = ['a b', "it's", '$HOME', '`id`', '', '~', '!x', '-n', 'ä', '\\', '"', '*', 'a=b', '#'];
  const out = execFileSync('sh', ['-c', `printf '%s\\0' ${shellLine(argv)}`], { encoding: 'utf8' });
  assert.deepEqual(out.split('\0').slice(0, -1), argv);
});

test('every finding offers what can be done', () => {
  const told = status({
    alerts: [alert(3000, 'app is on 3001')],
    services: [service('web', 'elsewhere', 3000), service('api', 'down', 8000), service('db', 'as-expected', 5000)],
  });
  const { wrong, well } = choices(told, '/srv/shop');
  // The service of the alert is not said twice.
  assert.deepEqual(
    wrong.map((choice) => choice.label),
    ['$(error) app is on 3001', '$(circle-outline) api'],
  );
  assert.deepEqual(
    wrong[0]?.actions.map((action) => action.kind),
    ['open', 'copy', 'why', 'mute'],
  );
  assert.deepEqual(
    wrong[1]?.actions.map((action) => action.label),
    ['Show why: devdoctor why 8000', 'Mute port 8000'],
  );
  assert.deepEqual(
    well[0]?.actions.map((action) => action.kind),
    ['open', 'why'],
  );
  assert.equal(firstCommand([told]), "cd '/srv/my shop' && npm run 'dev'\\'''");
  assert.equal(firstCommand([status({})]), undefined);
});
