import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Lines } from '../src/lines';

test('lines come whole, however they were cut', () => {
  const text = Buffer.from('{"a":"ä"}\n\n{"b":1}\nrest');
  for (let size = 1; size <= text.length; size++) {
    const lines = new Lines();
    const out: string[] = [];
    for (let at = 0; at < text.length; at += size) {
      out.push(...lines.push(text.subarray(at, at + size)));
    }
    assert.deepEqual(out, ['{"a":"ä"}', '', '{"b":1}'], `in chunks of ${size}`);
  }
});

test('a line has a bound, and the bound is its own length', () => {
  const lines = new Lines(4);
  assert.deepEqual(lines.push(Buffer.from('1234\n12')), ['1234']);
  assert.deepEqual(lines.push(Buffer.from('34\n')), ['1234']);
  assert.throws(() => lines.push(Buffer.from('12345')), RangeError);
  const parts = new Lines(4);
  parts.push(Buffer.from('123'));
  assert.throws(() => parts.push(Buffer.from('45\n')), RangeError);
});
