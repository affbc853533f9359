/** What a click on the item offers. */

import { standing } from './bar';
import type { Alert, Service, Status } from './protocol';
import { commandOf, urlOf } from './report';
import { clean, escapeIcons } from './text';

export type Action =
  | { readonly kind: 'copy'; readonly label: string; readonly does: string; readonly command: string }
  | { readonly kind: 'open'; readonly label: string; readonly url: string }
  | { readonly kind: 'why'; readonly label: string; readonly target: string; readonly folder: string | undefined }
  | { readonly kind: 'mute'; readonly label: string; readonly port: number; readonly muted: boolean };

export interface Choice {
  readonly label: string;
  readonly description: string;
  readonly detail: string;
  readonly actions: readonly Action[];
}

/** The alerts, the worst first, then services that are not as expected, then the others. */
export function choices(status: Status, folder: string | undefined): { wrong: Choice[]; well: Choice[] } {
  const wrong = status.alerts.map((alert) => ofAlert(alert, folder));
  const said = new Set(status.alerts.map((alert) => alert.port));
  const strays = status.services.filter(
    (service) => service.state !== 'as-expected' && !service.expects.some((one) => one.port !== undefined && said.has(one.port)),
  );
  wrong.push(...strays.map((service) => ofService(service, status, folder)));
  const well = status.services.filter((service) => service.state === 'as-expected');
  return { wrong, well: well.map((service) => ofService(service, status, folder)) };
}

function ofAlert(alert: Alert, folder: string | undefined): Choice {
  const { finding } = alert;
  const actions: Action[] = [];
  for (const fix of finding.fixes) {
    const command = commandOf(fix);
    const url = urlOf(fix);
    if (command !== undefined) {
      actions.push({ kind: 'copy', label: `Copy the command: ${command}`, does: clean(fix.title), command });
    }
    if (url !== undefined) {
      actions.push({ kind: 'open', label: `Open ${clean(url)}`, url });
    }
  }
  if (alert.port !== undefined) {
    actions.push(why(alert.port, folder), mute(alert.port, alert.muted));
  }
  return {
    label: `$(${finding.severity === 'error' ? 'error' : 'warning'}) ${escapeIcons(finding.says)}`,
    description: alert.muted ? 'muted' : '',
    detail: escapeIcons(`${finding.code} · ${finding.fixes[0]?.title ?? ''}`),
    actions,
  };
}

const ICONS: Readonly<Record<string, string>> = { 'as-expected': 'pass', down: 'circle-outline', unknown: 'question' };

function ofService(service: Service, status: Status, folder: string | undefined): Choice {
  const actions: Action[] = [];
  if (service.url !== undefined) {
    actions.push({ kind: 'open', label: `Open ${clean(service.url)}`, url: service.url });
  }
  const ports = service.expects.flatMap((one) => (one.port === undefined || one.protocol === 'udp' ? [] : [one.port]));
  for (const port of ports) {
    actions.push(why(port, folder ?? status.project));
    if (service.state !== 'as-expected') {
      actions.push(mute(port, false));
    }
  }
  return {
    label: `$(${ICONS[service.state] ?? 'warning'}) ${escapeIcons(service.name)}`,
    description: escapeIcons(standing(service)),
    detail: escapeIcons(service.source),
    actions,
  };
}

function why(port: number, folder: string | undefined): Action {
  return { kind: 'why', label: `Show why: devdoctor why ${port}`, target: String(port), folder };
}

function mute(port: number, muted: boolean): Action {
  return { kind: 'mute', label: muted ? `No longer mute port ${port}` : `Mute port ${port}`, port, muted };
}

/** The first command that mends the worst alert, if there is one. */
export function firstCommand(statuses: readonly Status[]): string | undefined {
  for (const alert of statuses.flatMap((status) => status.alerts)) {
    for (const fix of alert.finding.fixes) {
      const command = commandOf(fix);
      if (command !== undefined) {
        return command;
      }
    }
  }
  return undefined;
}
