import assert from 'node:assert/strict';
import { test } from 'node:test';

import { item, strange, type View } from '../src/bar';
import { PROTOCOL } from '../src/protocol';
import { HOSTILE, alert, service, status } from './made';

const up = { kind: 'up', elsewhere: false } as const;

function view(fields: object, folder = 'shop'): View {
  return { folder, link: up, status: status(fields) };
}

test('the line is the daemon’s own, with a sign for its level', () => {
  assert.equal(item([view({})]).text, '⏺ 3 up');
  const wrong = item([view({ level: 'problem', line: '3000 refused: app is on 3001' })]);
  assert.deepEqual([wrong.text, wrong.level], ['⚠ 3000 refused: app is on 3001', 'problem']);
  assert.equal(item([view({ level: 'unknown', line: '1 of 2 up' })]).text, '? 1 of 2 up');
  assert.equal(item([view({ level: 'catastrophe' })]).level, 'unknown');
});

test('of several folders the worst is shown, and what is up is added', () => {
  const two = [view({ up: 3 }), view({ up: 2, line: '2 up' }, 'api')];
  assert.equal(item(two).text, '⏺ 5 up');
  const warning = view({ level: 'warning', line: '8000: taken' }, 'api');
  const problem = view({ level: 'problem', line: '3000 refused' }, 'web');
  assert.equal(item([...two, warning]).text, '⚠ 8000: taken');
  assert.equal(item([warning, ...two, problem]).text, '⚠ 3000 refused');
  const lost: View = { folder: 'api', link: { kind: 'off' }, status: undefined };
  assert.equal(item([lost, problem]).text, '⚠ 3000 refused');
});

test('with no daemon the item is quiet, and a click starts it', () => {
  const off = item([{ folder: undefined, link: { kind: 'off' }, status: undefined }]);
  assert.deepEqual([off.text, off.level, off.starts], ['devdoctor: off', 'well', true]);
  const failed = item([{ folder: undefined, link: { kind: 'failed', why: 'no way' }, status: undefined }]);
  assert.deepEqual([failed.text, failed.starts], ['devdoctor: no answer', false]);
  assert.match(failed.tooltip, /no way/);
});

test('which of two versions is newer is said', () => {
  assert.match(strange({ version: '9.0.0', protocol: PROTOCOL + 1 }), /The daemon is newer: update the extension/);
  assert.match(strange({ version: '0.0.1', protocol: PROTOCOL - 1 }), /The extension is newer: update devdoctor/);
});

test('text from outside means nothing to the item and its tooltip', () => {
  const shown = item([
    view({
      level: 'problem',
      line: HOSTILE,
      alerts: [alert(3000, HOSTILE)],
      services: [service(HOSTILE, 'down', 3000)],
      unseen: [{ part: HOSTILE, gap: 'failed', why: HOSTILE }],
    }),
  ]);
  assert.ok(shown.text.includes('\\$(flame)'), shown.text);
  for (const text of [shown.text, shown.tooltip]) {
    assert.ok(!/[\u0000-\u0009\u000b-\u001f\u202e]/.test(text), text);
  }
  // No link, tag, emphasis or icon that is not behind a backslash.
  assert.ok(!/(^|[^\\])(\]\(|<img|\$\(|`c|\*b)/.test(shown.tooltip), shown.tooltip);
});

test('the tooltip has a line a service, and what could not be seen', () => {
  const { tooltip } = item([
    view({
      services: [service('web', 'as-expected', 3000), service('api', 'elsewhere', 8000)],
      unseen: [
        { part: 'containers', gap: 'not-running' },
        { part: 'listeners', gap: 'forbidden' },
      ],
    }),
  ]);
  assert.match(tooltip, /⏺ \*\*web\*\* 3000\\: as expected, vite \\\(pid 812\\\)/);
  assert.match(tooltip, /⚠ \*\*api\*\* 8000\\: elsewhere, vite .* on 127\\\.0\\\.0\\\.1\\:3001/);
  assert.match(tooltip, /could not look at\\: listeners \\\(forbidden\\\)$/);
});
