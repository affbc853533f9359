/** What the item in the status bar says. */

import type { Level, Service, Status } from './protocol';
import { PROTOCOL } from './protocol';
import { unseenLine } from './report';
import { clean, escapeIcons, escapeMarkdown } from './text';

/** How the daemon is reached. */
export type Link =
  /** The first attempt is under way. */
  | { readonly kind: 'connecting' }
  /** Nobody is there. */
  | { readonly kind: 'off' }
  /** Somebody is there, and it cannot be talked to. */
  | { readonly kind: 'failed'; readonly why: string }
  /** It speaks another version of the protocol. */
  | { readonly kind: 'stranger'; readonly version: string; readonly protocol: number }
  /** It answers. */
  | { readonly kind: 'up'; readonly elsewhere: boolean };

/** One folder's view. */
export interface View {
  /** The folder's name, or nothing for all there is. */
  readonly folder: string | undefined;
  readonly link: Link;
  readonly status: Status | undefined;
}

export interface Item {
  readonly text: string;
  /** Markdown. */
  readonly tooltip: string;
  readonly level: Level;
  /** Whether a click starts the daemon. */
  readonly starts: boolean;
}

const ORDER: readonly Level[] = ['well', 'unknown', 'warning', 'problem'];
const SIGNS: Readonly<Record<Level, string>> = { well: '⏺', unknown: '?', warning: '⚠', problem: '⚠' };

/** The item for all folders: the worst of them is shown. */
export function item(views: readonly View[]): Item {
  const live = views.filter((view) => view.link.kind === 'up' && view.status !== undefined);
  if (live.length === 0) {
    return absent(views[0]?.link ?? { kind: 'connecting' });
  }
  const level = worst(live.map((view) => view.status?.level ?? 'unknown'));
  return {
    text: `${SIGNS[level]} ${escapeIcons(line(live, level))}`,
    tooltip: tooltip(live),
    level,
    starts: false,
  };
}

export function worst(levels: readonly Level[]): Level {
  return levels.reduce((one, other) => (ORDER.indexOf(other) > ORDER.indexOf(one) ? other : one), 'well');
}

/** The line of the worst folder; where all are well, how many of their services are up. */
function line(live: readonly View[], level: Level): string {
  const first = live.find((view) => view.status?.level === level)?.status?.line ?? '';
  if (live.length < 2 || level !== 'well') {
    return first;
  }
  return `${live.reduce((sum, view) => sum + (view.status?.up ?? 0), 0)} up`;
}

const ABSENT: Readonly<Record<Link['kind'], string>> = {
  connecting: 'devdoctor: …',
  off: 'devdoctor: off',
  failed: 'devdoctor: no answer',
  stranger: 'devdoctor: other version',
  up: 'devdoctor: …',
};

function absent(link: Link): Item {
  const quiet = link.kind !== 'failed' && link.kind !== 'stranger';
  return {
    text: ABSENT[link.kind],
    tooltip: escapeMarkdown(absence(link)),
    level: quiet ? 'well' : 'unknown',
    starts: link.kind === 'off',
  };
}

/** Why nothing is known, in words. */
export function absence(link: Link | undefined): string {
  switch (link?.kind) {
    case 'off':
      return 'No daemon runs. A click on the item in the status bar starts it.';
    case 'failed':
      return `The daemon cannot be talked to: ${clean(link.why)}`;
    case 'stranger':
      return strange(link);
    default:
      return 'The daemon has not answered yet.';
  }
}

/** Which of the two is newer. */
export function strange(link: { readonly version: string; readonly protocol: number }): string {
  const newer = link.protocol > PROTOCOL;
  return (
    `The daemon (devdoctor ${clean(link.version)}) speaks protocol ${link.protocol}, this extension ${PROTOCOL}. ` +
    (newer ? 'The daemon is newer: update the extension.' : 'The extension is newer: update devdoctor.')
  );
}

const MOST_SERVICES = 30;

function tooltip(live: readonly View[]): string {
  const parts = live.map((view) => folderPart(view, live.length > 1));
  if (live.some((view) => view.link.kind === 'up' && view.link.elsewhere)) {
    parts.push(escapeMarkdown('The daemon looks at another network namespace: its localhost is not the one here.'));
  }
  return parts.join('\n\n---\n\n');
}

function folderPart(view: View, named: boolean): string {
  const status = view.status;
  if (status === undefined) {
    return '';
  }
  const name = status.project ?? view.folder;
  const lines: string[] = [];
  if (named && name !== undefined) {
    lines.push(`**${escapeMarkdown(name)}**`);
  }
  for (const alert of status.alerts) {
    lines.push(`⚠ ${escapeMarkdown(alert.finding.says)}${alert.muted ? ' *muted*' : ''}`);
  }
  for (const service of status.services.slice(0, MOST_SERVICES)) {
    lines.push(`${sign(service)} **${escapeMarkdown(service.name)}** ${escapeMarkdown(standing(service))}`);
  }
  if (status.services.length > MOST_SERVICES) {
    lines.push(escapeMarkdown(`… and ${status.services.length - MOST_SERVICES} more`));
  }
  if (status.services.length === 0) {
    lines.push('No file says what should run here');
  }
  const blind = unseenLine(status.unseen);
  if (blind !== undefined) {
    lines.push(escapeMarkdown(blind));
  }
  return lines.join('\n\n');
}

function sign(service: Service): string {
  switch (service.state) {
    case 'as-expected':
      return '⏺';
    case 'down':
      return '○';
    case 'unknown':
      return '?';
    default:
      return '⚠';
  }
}

/** How a service stands, in a few words: `3000: as expected, vite (pid 812)`. */
export function standing(service: Service): string {
  const off = service.state === 'down' && service.profile.length > 0;
  const state = off ? `off (profile ${service.profile.join(', ')})` : service.state.replace('-', ' ');
  const ports = service.expects.map((one) => `${one.port ?? 'any'}${one.protocol === 'udp' ? '/udp' : ''}`);
  const at = service.expects.flatMap((one) => (one.state === 'as-expected' ? [] : one.at));
  let who = service.who === undefined ? '' : `, ${service.who}`;
  if (at.length > 0) {
    who += ` on ${at.join(', ')}`;
  }
  return clean(`${ports.length === 0 ? '' : `${ports.join(', ')}: `}${state}${who}`);
}
