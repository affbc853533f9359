/** Where the daemon's socket is: the rules of `src/ipc/place` of devdoctor. */

import { lstatSync, statSync } from 'node:fs';
import * as path from 'node:path';

/** What the rules look at. */
export interface Machine {
  readonly platform: NodeJS.Platform;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The user's number, where users have numbers. */
  readonly uid: number | undefined;
  /** A file as it is: a link is not followed if `link` is set. Nothing if there is none. */
  readonly look: (path: string, link?: boolean) => Found | undefined;
}

export interface Found {
  readonly uid: number;
  readonly mode: number;
  readonly kind: 'folder' | 'socket' | 'link' | 'other';
}

/** There is no place where the socket could be, or not one to be trusted. */
export class BadPlace extends Error {}

const PIPES = '\\\\.\\pipe\\';

/**
 * The socket's path. `set` is what the user's settings say, if anything.
 *
 * @throws BadPlace
 */
export function socketPath(set: string, machine: Machine): string {
  const named = set || machine.env['DEVDOCTOR_SOCKET'];
  if (machine.platform === 'win32') {
    return pipe(named, machine);
  }
  if (named) {
    if (!named.startsWith('/')) {
      throw new BadPlace(`the socket must be an absolute path, not \`${named}\``);
    }
    checkOwner(named, machine);
    return checkLength(named, machine);
  }
  const folder = privateFolder(machine);
  checkPrivate(folder, machine);
  const socket = path.posix.join(folder, 'daemon.sock');
  checkOwner(socket, machine);
  return checkLength(socket, machine);
}

function pipe(named: string | undefined, machine: Machine): string {
  if (named) {
    if (!named.startsWith(PIPES) || named.length === PIPES.length) {
      throw new BadPlace(`the socket must be the name of a pipe, ${PIPES}…, not \`${named}\``);
    }
    return named;
  }
  const word = (name: string): string => (machine.env[name] ?? '').replace(/[^\p{Alphabetic}\p{N}._]/gu, '-');
  return `${PIPES}devdoctor-${word('USERDOMAIN')}-${word('USERNAME')}`;
}

function privateFolder(machine: Machine): string {
  // The variable may be another user's: `sudo -E` and `su` leave it as it is.
  const ours = (folder: string): boolean => {
    const found = machine.look(folder);
    return found !== undefined && found.kind === 'folder' && found.uid === machine.uid;
  };
  const absolute = (name: string): string | undefined => {
    const value = machine.env[name];
    return value?.startsWith('/') ? value : undefined;
  };
  const runtime = [absolute('XDG_RUNTIME_DIR'), `/run/user/${machine.uid}`].find(
    (folder) => folder !== undefined && ours(folder),
  );
  return runtime === undefined
    ? path.posix.join(absolute('TMPDIR') ?? '/tmp', `devdoctor-${machine.uid}`)
    : path.posix.join(runtime, 'devdoctor');
}

/** The folder, if it is there, is ours and open to nobody else. */
function checkPrivate(folder: string, machine: Machine): void {
  const found = machine.look(folder, true);
  if (found === undefined) {
    return;
  }
  if (found.kind !== 'folder') {
    throw new BadPlace(`${folder} is no folder, and somebody else may have laid it there; remove it`);
  }
  if (found.uid !== machine.uid) {
    throw new BadPlace(`${folder} belongs to the user with the number ${found.uid}, who could pose as the daemon`);
  }
  if ((found.mode & 0o077) !== 0) {
    throw new BadPlace(`${folder} is open to others; run \`chmod 700 ${folder}\``);
  }
}

function checkOwner(socket: string, machine: Machine): void {
  const found = machine.look(socket, true);
  if (found?.kind === 'socket' && found.uid !== machine.uid) {
    throw new BadPlace(`${socket} belongs to the user with the number ${found.uid}: it is another's daemon`);
  }
}

function checkLength(socket: string, machine: Machine): string {
  const most = machine.platform === 'linux' || machine.platform === 'android' ? 107 : 103;
  if (Buffer.byteLength(socket) > most) {
    throw new BadPlace(`${socket} is too long for a socket, which may have ${most} bytes`);
  }
  return socket;
}

/** This machine. */
export function thisMachine(): Machine {
  return {
    platform: process.platform,
    env: process.env,
    uid: process.geteuid?.(),
    look: (file, link) => {
      const found = (link ? lstatSync : statSync)(file, { throwIfNoEntry: false });
      if (found === undefined) {
        return undefined;
      }
      const kind = found.isDirectory()
        ? 'folder'
        : found.isSocket()
          ? 'socket'
          : found.isSymbolicLink()
            ? 'link'
            : 'other';
      return { uid: found.uid, mode: found.mode, kind };
    },
  };
}
