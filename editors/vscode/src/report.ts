/** What the daemon found, in the words of the command line. */

import type { Evidence, Finding, Fix, Json, PortLine, Ports, Report, Unseen } from './protocol';
import { clean, columns, humanAge, shellLine } from './text';

/** A whole diagnosis, as `devdoctor why` prints it. */
export function reportText(report: Report): string {
  const from = report.vantage === undefined ? '' : `, seen from ${clean(report.vantage)}`;
  const place = `${clean(report.asked)}: ${report.verdict}${from}`;
  const parts: string[][] = [];
  if (report.findings.every((finding) => finding.severity === 'info')) {
    parts.push(nothingWrong(report, place));
  }
  for (const finding of report.findings) {
    parts.push(findingLines(finding, parts.length === 0 ? place : undefined));
  }
  const blind = unseenLine(report.unseen);
  if (blind !== undefined) {
    parts.push([blind]);
  }
  return parts.map((lines) => lines.join('\n')).join('\n\n') + '\n';
}

function nothingWrong(report: Report, place: string): string[] {
  const lines = [report.verdict === 'reachable' ? `ok: ${place}` : place];
  for (const probe of report.probes) {
    const answer = probe.answer === undefined ? '' : ` (${clean(probe.answer)})`;
    lines.push(`  = ${clean(probe.to)} ${clean(probe.outcome)}${answer}`);
  }
  for (const listener of report.listeners) {
    let who = 'a process that this user may not see';
    if (listener.container !== undefined) {
      who = `container ${clean(listener.container)}`;
    } else if (listener.pid !== undefined) {
      who = listener.name === undefined ? `pid ${listener.pid}` : `${clean(listener.name)} (pid ${listener.pid})`;
    }
    const folder = listener.project === undefined ? '' : ` in ${clean(listener.project)}`;
    lines.push(`  = ${who}${folder} listens on ${clean(listener.at)}`);
  }
  return lines;
}

const SEVERITIES: Readonly<Record<string, string>> = { error: 'error', warning: 'warning', info: 'note' };

/** One finding: what, why, and what mends it. */
export function findingLines(finding: Finding, place?: string): string[] {
  const head = `${SEVERITIES[finding.severity] ?? 'note'}[${clean(finding.code)}]`;
  const sure = finding.confidence === 'certain' || finding.confidence === '';
  const lines = [`${head}: ${clean(finding.says)}${sure ? '' : ` (${clean(finding.confidence)})`}`];
  if (place !== undefined) {
    lines.push(` --> ${place}`);
  }
  const facts = finding.evidence.map((one) => [`  = ${clean(one.says)}`, `[${clean(seenAt(one))}]`]);
  lines.push(...columns(facts));
  for (const fix of finding.fixes) {
    lines.push(...fixLines(fix));
  }
  return lines;
}

const COSTS: Readonly<Record<string, string>> = {
  disruptive: 'fix, interrupts something',
  destructive: 'fix, loses something',
};

function fixLines(fix: Fix): string[] {
  const lines = [`${COSTS[fix.safety] ?? 'fix'}: ${clean(fix.title)}`];
  const command = commandOf(fix);
  if (command !== undefined) {
    lines.push(`     $ ${command}`);
  }
  if (fix.edit !== undefined) {
    lines.push(`     ${clean(fix.edit.file)}:${fix.edit.line}`);
    lines.push(`     - ${clean(fix.edit.from)}`, `     + ${clean(fix.edit.to)}`);
  }
  if (fix.read !== undefined && fix.read !== fix.title) {
    lines.push(`     ${clean(fix.read)}`);
  }
  return lines;
}

/** The command of a fix as it is pasted, if it is one. */
export function commandOf(fix: Fix): string | undefined {
  if (fix.run.length === 0) {
    return undefined;
  }
  const line = shellLine(fix.run);
  return fix.folder === undefined ? line : `cd ${shellLine([fix.folder])} && ${line}`;
}

/** The URL that a fix says to open, if it says one. */
export function urlOf(fix: Fix): string | undefined {
  return fix.read !== undefined && /^https?:\/\/[^\s\u0000-\u001f]+$/.test(fix.read) ? fix.read : undefined;
}

/** Where a fact was seen, without what the fact itself says already. */
function seenAt(evidence: Evidence): string {
  const { says, seen } = evidence;
  const field = (name: string): string => String(seen[name] ?? '');
  const told = (words: string): boolean => words !== '' && says.includes(words);
  switch (seen['kind']) {
    case 'probe':
      return 'probe';
    case 'socket':
      return told(field('at')) ? 'socket' : `socket ${field('at')}`;
    case 'process':
      return told(`pid ${field('pid')}`) ? field('what') : `pid ${field('pid')}, ${field('what')}`;
    case 'container':
      return told(field('name')) ? `container, ${field('what')}` : `container ${field('name')}, ${field('what')}`;
    case 'file':
      return fileAt(seen, told);
    case 'name':
      return told(field('name')) ? 'resolver' : `resolver, ${field('name')}`;
    case 'firewall':
      return `firewall, ${field('chain')}`;
    case 'kernel':
      return `kernel, ${field('what')}`;
    case 'environment':
      return `environment, ${field('variable')}`;
    default:
      return field('kind');
  }
}

function fileAt(seen: Json, told: (words: string) => boolean): string {
  const file = String(seen['file'] ?? '');
  if (typeof seen['line'] !== 'number') {
    return file;
  }
  const place = `${file}:${seen['line']}`;
  return told(place) ? 'file' : place;
}

/** What could not be looked at, in a line; nothing where there was no such thing. */
export function unseenLine(unseen: readonly Unseen[]): string | undefined {
  const gaps = unseen.filter((one) => one.gap !== 'not-running');
  if (gaps.length === 0) {
    return undefined;
  }
  const list = gaps.map((one) => `${clean(one.part)} (${clean(one.why ?? one.gap)})`);
  return `could not look at: ${list.join(', ')}`;
}

const SCOPES: Readonly<Record<string, string>> = {
  loopback: 'this machine',
  lan: 'one address',
  all: 'everybody',
};

/** What listens, as `devdoctor ports` prints it. */
export function portsText(ports: Ports): string {
  const rows = ports.ports.map(portRow);
  const lines =
    rows.length === 0
      ? ['nobody listens on any port']
      : columns([['PORT', 'ADDRESS', 'SCOPE', 'OWNER', 'PID', 'USER', 'AGE', 'PROJECT'], ...rows]);
  const blind = unseenLine(ports.unseen);
  if (blind !== undefined) {
    // Where the sockets themselves could not be read, nothing is said of who listens.
    const sockets = ports.unseen.some((one) => one.part === 'listeners');
    return (sockets && rows.length === 0 ? [blind] : [...lines, '', blind]).join('\n') + '\n';
  }
  return lines.join('\n') + '\n';
}

function portRow(line: PortLine): string[] {
  const at = line.at.lastIndexOf(':');
  const port = line.at.slice(at + 1);
  const address = line.at.slice(0, at).replace(/^\[|\]$/g, '');
  const dash = (text: string | undefined): string => (text === undefined ? '–' : clean(text));
  let owner = line.name ?? (line.ownerUnseen === 'forbidden' ? 'hidden' : 'not found');
  if (line.container !== undefined) {
    owner = `container ${line.container}${line.name === undefined ? '' : ` by ${line.name}`}`;
  }
  return [
    line.proto === 'udp' ? `${port}/udp` : port,
    clean(address),
    SCOPES[line.scope] ?? clean(line.scope),
    clean(owner),
    line.pid === undefined ? '–' : String(line.pid),
    dash(line.user),
    line.age === undefined ? '–' : humanAge(line.age),
    dash(line.folder === '/' ? undefined : line.folder),
  ];
}
