import assert from 'node:assert/strict';
import { test } from 'node:test';

import { BadPlace, socketPath, type Found, type Machine } from '../src/place';

function machine(env: Record<string, string>, files: Record<string, Found> = {}, platform = 'linux'): Machine {
  return {
    platform: platform as NodeJS.Platform,
    env,
    uid: platform === 'win32' ? undefined : 1000,
    look: (path) => files[path],
  };
}

const mine: Found = { uid: 1000, mode: 0o40700, kind: 'folder' };

test('the runtime folder is taken if it is this user’s', () => {
  const env = { XDG_RUNTIME_DIR: '/run/user/0', TMPDIR: '/var/tmp' };
  const theirs: Found = { uid: 0, mode: 0o40700, kind: 'folder' };
  const at = (files: Record<string, Found>): string => socketPath('', machine(env, files));
  assert.equal(at({ '/run/user/0': mine }), '/run/user/0/devdoctor/daemon.sock');
  assert.equal(at({ '/run/user/0': theirs, '/run/user/1000': mine }), '/run/user/1000/devdoctor/daemon.sock');
  assert.equal(at({ '/run/user/0': theirs }), '/var/tmp/devdoctor-1000/daemon.sock');
  assert.equal(socketPath('', machine({ XDG_RUNTIME_DIR: 'run' }, { run: mine })), '/tmp/devdoctor-1000/daemon.sock');
});

test('a setting goes before the variable, and both before the usual place', () => {
  const env = { DEVDOCTOR_SOCKET: '/x/var.sock', XDG_RUNTIME_DIR: '/run/user/1000' };
  assert.equal(socketPath('/x/set.sock', machine(env)), '/x/set.sock');
  assert.equal(socketPath('', machine(env)), '/x/var.sock');
  assert.throws(() => socketPath('set.sock', machine(env)), BadPlace);
});

test('nobody else can stand in for the daemon', () => {
  const folder = '/tmp/devdoctor-1000';
  const bad: Found[] = [
    { uid: 1001, mode: 0o40700, kind: 'folder' },
    { uid: 1000, mode: 0o40750, kind: 'folder' },
    { uid: 1000, mode: 0o120777, kind: 'link' },
  ];
  for (const found of bad) {
    assert.throws(() => socketPath('', machine({}, { [folder]: found })), BadPlace);
  }
  const socket: Found = { uid: 1001, mode: 0o140600, kind: 'socket' };
  assert.throws(() => socketPath('/x/d.sock', machine({}, { '/x/d.sock': socket })), BadPlace);
  assert.throws(() => socketPath('', machine({}, { [folder]: mine, [`${folder}/daemon.sock`]: socket })), BadPlace);
  assert.equal(socketPath('', machine({}, { [folder]: mine })), `${folder}/daemon.sock`);
});

test('a path that no socket can have is said to be one', () => {
  assert.equal(socketPath(`/${'x'.repeat(106)}`, machine({})).length, 107);
  assert.throws(() => socketPath(`/${'x'.repeat(107)}`, machine({})), BadPlace);
  assert.throws(() => socketPath(`/${'x'.repeat(103)}`, machine({}, {}, 'darwin')), BadPlace);
});

test('on Windows it is a pipe', () => {
  const env = { USERDOMAIN: 'DESK TOP', USERNAME: 'Zoë\\x' };
  assert.equal(socketPath('', machine(env, {}, 'win32')), '\\\\.\\pipe\\devdoctor-DESK-TOP-Zoë-x');
  assert.equal(socketPath('\\\\.\\pipe\\mine', machine(env, {}, 'win32')), '\\\\.\\pipe\\mine');
  assert.throws(() => socketPath('C:\\mine', machine(env, {}, 'win32')), BadPlace);
});
