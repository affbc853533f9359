/**
 * What crosses the socket, as far as it is shown here. The daemon's types are in
 * `src/findings` and `src/ipc/protocol.rs`; fields are added there, never renamed, and a
 * field that is missing here is read as empty.
 */

/** The version of the protocol that this extension speaks. */
export const PROTOCOL = 1;

export type Level = 'well' | 'unknown' | 'warning' | 'problem';

export interface Hello {
  readonly devdoctor: string;
  readonly protocol: number;
  /** The daemon's network namespace, by inode, where the system has such. */
  readonly netns: number | undefined;
}

export interface Status {
  readonly level: Level;
  readonly line: string;
  readonly project: string | undefined;
  readonly services: readonly Service[];
  readonly up: number;
  readonly alerts: readonly Alert[];
  readonly unseen: readonly Unseen[];
}

export interface Service {
  readonly name: string;
  readonly source: string;
  readonly expects: readonly Expectation[];
  readonly profile: readonly string[];
  readonly state: string;
  readonly who: string | undefined;
  /** Where a browser opens it, if it is up and speaks HTTP. */
  readonly url: string | undefined;
}

export interface Expectation {
  readonly port: number | undefined;
  readonly protocol: string;
  readonly origin: string;
  readonly state: string;
  readonly at: readonly string[];
  readonly who: string | undefined;
}

export interface Alert {
  readonly id: number;
  readonly phase: string;
  readonly port: number | undefined;
  readonly project: string | undefined;
  readonly finding: Finding;
  readonly refusals: number;
  readonly muted: boolean;
}

export interface Finding {
  readonly code: string;
  readonly severity: string;
  readonly confidence: string;
  readonly says: string;
  readonly evidence: readonly Evidence[];
  readonly fixes: readonly Fix[];
}

export interface Evidence {
  readonly says: string;
  /** Where it was seen: a `kind`, and the fields of that kind. */
  readonly seen: Json;
}

export interface Fix {
  readonly title: string;
  readonly safety: string;
  readonly run: readonly string[];
  readonly folder: string | undefined;
  readonly edit: { file: string; line: number; from: string; to: string } | undefined;
  readonly read: string | undefined;
}

export interface Unseen {
  readonly part: string;
  readonly gap: string;
  readonly why: string | undefined;
}

export interface Report {
  readonly asked: string;
  readonly verdict: string;
  readonly vantage: string | undefined;
  readonly findings: readonly Finding[];
  readonly probes: readonly { to: string; outcome: string; answer: string | undefined }[];
  readonly listeners: readonly Listener[];
  readonly unseen: readonly Unseen[];
}

export interface Listener {
  readonly at: string;
  readonly pid: number | undefined;
  readonly name: string | undefined;
  readonly container: string | undefined;
  readonly project: string | undefined;
}

export interface Ports {
  readonly ports: readonly PortLine[];
  readonly unseen: readonly Unseen[];
}

export interface PortLine {
  readonly at: string;
  readonly proto: string;
  readonly scope: string;
  readonly pid: number | undefined;
  readonly name: string | undefined;
  readonly user: string | undefined;
  readonly folder: string | undefined;
  readonly age: number | undefined;
  readonly container: string | undefined;
  readonly ownerUnseen: string | undefined;
}

/** Any JSON object. */
export type Json = { readonly [key: string]: unknown };

export function object(value: unknown): Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {};
}

function list<T>(value: unknown, read: (item: Json) => T): T[] {
  return Array.isArray(value) ? value.map((item) => read(object(item))) : [];
}

function words(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : [];
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function maybeText(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function maybeNumber(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

/** The daemon's first line, or nothing if this is none. */
export function readHello(value: unknown): Hello | undefined {
  const json = object(value);
  const protocol = maybeNumber(json['protocol']);
  if (protocol === undefined || typeof json['devdoctor'] !== 'string') {
    return undefined;
  }
  return { devdoctor: json['devdoctor'], protocol, netns: maybeNumber(json['netns']) };
}

export function readStatus(value: unknown): Status {
  const json = object(value);
  const level = text(json['level']);
  return {
    // A level that a newer daemon may know is worth a look, and no alarm.
    level: level === 'well' || level === 'warning' || level === 'problem' ? level : 'unknown',
    line: text(json['line']),
    project: maybeText(json['project']),
    services: list(json['services'], readService),
    up: maybeNumber(json['up']) ?? 0,
    alerts: list(json['alerts'], readAlert),
    unseen: list(json['unseen'], readUnseen),
  };
}

function readService(json: Json): Service {
  return {
    name: text(json['name']),
    source: text(json['source']),
    expects: list(json['expects'], readExpectation),
    profile: words(json['profile']),
    state: text(json['state']),
    who: maybeText(json['who']),
    url: maybeText(json['url']),
  };
}

function readExpectation(json: Json): Expectation {
  const origin = object(json['origin']);
  const line = maybeNumber(origin['line']) ?? 0;
  const file = text(origin['file']);
  return {
    port: maybeNumber(json['port']),
    protocol: text(json['protocol']),
    origin: line > 0 ? `${file}:${line}` : file,
    state: text(json['state']),
    at: words(json['at']),
    who: maybeText(json['who']),
  };
}

function readAlert(json: Json): Alert {
  return {
    id: maybeNumber(json['id']) ?? 0,
    phase: text(json['phase']),
    port: maybeNumber(json['port']),
    project: maybeText(json['project']),
    finding: readFinding(object(json['finding'])),
    refusals: maybeNumber(json['refusals']) ?? 0,
    muted: json['muted'] === true,
  };
}

function readFinding(json: Json): Finding {
  return {
    code: text(json['code']),
    severity: text(json['severity']),
    confidence: text(json['confidence']),
    says: text(json['says']),
    evidence: list(json['evidence'], (item) => ({ says: text(item['says']), seen: object(item['seen']) })),
    fixes: list(json['fixes'], readFix),
  };
}

function readFix(json: Json): Fix {
  const edit = object(json['edit']);
  const there = typeof edit['file'] === 'string';
  return {
    title: text(json['title']),
    safety: text(json['safety']),
    run: words(json['run']),
    folder: maybeText(json['folder']),
    edit: there
      ? {
          file: text(edit['file']),
          line: maybeNumber(edit['line']) ?? 0,
          from: text(edit['from']),
          to: text(edit['to']),
        }
      : undefined,
    read: maybeText(json['read']),
  };
}

function readUnseen(json: Json): Unseen {
  return { part: text(json['part']), gap: text(json['gap']), why: maybeText(json['why']) };
}

export function readReport(value: unknown): Report {
  const json = object(value);
  return {
    asked: text(object(json['target'])['input']),
    verdict: text(json['verdict']),
    vantage: maybeText(json['vantage']),
    findings: list(json['findings'], readFinding),
    probes: list(json['probes'], (probe) => ({
      to: text(probe['to']),
      outcome: text(probe['outcome']),
      answer: maybeText(probe['answer']),
    })),
    listeners: list(json['listeners'], (listener) => ({
      at: text(listener['at']),
      pid: maybeNumber(listener['pid']),
      name: maybeText(listener['name']),
      container: maybeText(listener['container']),
      project: maybeText(listener['project']),
    })),
    unseen: list(json['unseen'], readUnseen),
  };
}

export function readPorts(value: unknown): Ports {
  const json = object(value);
  return {
    ports: list(json['ports'], (line) => {
      const container = object(line['container']);
      const inside = maybeNumber(container['port']);
      const name = maybeText(container['name']);
      return {
        at: text(line['at']),
        proto: text(line['proto']),
        scope: text(line['scope']),
        pid: maybeNumber(line['pid']),
        name: maybeText(line['name']),
        user: maybeText(line['user']),
        folder: maybeText(line['project']) ?? maybeText(line['cwd']),
        age: maybeNumber(line['age_s']),
        container: name === undefined ? undefined : `${name} :${inside ?? '?'}`,
        ownerUnseen: maybeText(line['owner_unseen']),
      };
    }),
    unseen: list(json['unseen'], readUnseen),
  };
}
