/** The extension: an item in the status bar, and what a click on it offers. */

import { spawn } from 'node:child_process';
import * as vscode from 'vscode';

import { absence, item, type Link, type View } from './bar';
import { choices, firstCommand, type Action, type Choice } from './choices';
import { Client, words } from './client';
import { socketPath, thisMachine } from './place';
import { readPorts, readReport, type Status } from './protocol';
import { portsText, reportText } from './report';
import { clean } from './text';

/** One folder of the workspace, or all there is where none is open. */
interface Watched {
  readonly name: string | undefined;
  readonly path: string | undefined;
  readonly client: Client;
  link: Link;
  status: Status | undefined;
}

/** The scheme of the documents that show reports. */
const SCHEME = 'devdoctor';
/** How many reports are kept for documents that may still be open. */
const MOST_PAGES = 20;

export function activate(context: vscode.ExtensionContext): void {
  const doctor = new Doctor();
  const command = (name: string, act: (...args: never[]) => Promise<void>): vscode.Disposable =>
    vscode.commands.registerCommand(`devdoctor.${name}`, async (...args: never[]) => {
      try {
        await act(...args);
      } catch (error) {
        void vscode.window.showErrorMessage(`devdoctor: ${clean(words(error))}`);
      }
    });
  context.subscriptions.push(
    doctor,
    command('show', () => doctor.show()),
    command('why', (target?: string) => doctor.ask(target)),
    command('ports', () => doctor.ports()),
    command('start', () => doctor.startDaemon()),
    command('copyFix', () => doctor.copyFix()),
  );
}

class Doctor implements vscode.Disposable {
  private watched: Watched[] = [];
  private readonly bar = vscode.window.createStatusBarItem('status', vscode.StatusBarAlignment.Left, 10);
  private readonly pages = new Map<string, string>();
  private readonly turned = new vscode.EventEmitter<vscode.Uri>();
  private readonly parts: vscode.Disposable[] = [this.bar, this.turned];

  constructor() {
    this.bar.name = 'devdoctor';
    this.parts.push(
      vscode.workspace.registerTextDocumentContentProvider(SCHEME, {
        onDidChange: this.turned.event,
        provideTextDocumentContent: (uri) => this.pages.get(uri.path) ?? 'devdoctor: ask again\n',
      }),
      vscode.workspace.onDidChangeWorkspaceFolders(() => this.watch()),
      vscode.workspace.onDidChangeConfiguration((change) => {
        if (change.affectsConfiguration('devdoctor.socket')) {
          this.watch();
        }
      }),
      // Whoever comes back to the window has perhaps started it elsewhere.
      vscode.window.onDidChangeWindowState((state) => {
        if (state.focused) {
          this.watched.forEach((one) => one.client.retry());
        }
      }),
    );
    this.watch();
  }

  dispose(): void {
    this.watched.forEach((one) => one.client.end());
    this.parts.forEach((part) => part.dispose());
  }

  /** Watches the folders that are open now, and no others. */
  private watch(): void {
    this.watched.forEach((one) => one.client.end());
    const local = (vscode.workspace.workspaceFolders ?? []).filter((folder) => folder.uri.scheme === 'file');
    const folders: { name?: string; path?: string }[] =
      local.length === 0 ? [{}] : local.map((folder) => ({ name: folder.name, path: folder.uri.fsPath }));
    this.watched = folders.map(({ name, path }) => {
      const one: Watched = {
        name,
        path,
        link: { kind: 'connecting' },
        status: undefined,
        client: new Client(place, path, {
          link: (link) => {
            one.link = link;
            if (link.kind !== 'up') {
              one.status = undefined;
            }
            this.draw();
          },
          status: (status) => {
            one.status = status;
            this.draw();
          },
        }),
      };
      return one;
    });
    this.draw();
    this.watched.forEach((one) => one.client.retry());
  }

  private draw(): void {
    const views: View[] = this.watched.map(({ name, link, status }) => ({ folder: name, link, status }));
    const shown = item(views);
    this.bar.text = shown.text;
    this.bar.tooltip = new vscode.MarkdownString(shown.tooltip);
    this.bar.command = shown.starts ? 'devdoctor.start' : 'devdoctor.show';
    this.bar.backgroundColor =
      shown.level === 'problem'
        ? new vscode.ThemeColor('statusBarItem.errorBackground')
        : shown.level === 'warning'
          ? new vscode.ThemeColor('statusBarItem.warningBackground')
          : undefined;
    this.bar.show();
  }

  /** A connection that answers, and its folder. */
  private live(folder?: string): Watched {
    const up = this.watched.filter((one) => one.client.isUp);
    const one = up.find(({ path }) => path === folder) ?? up[0];
    if (one === undefined) {
      throw new Error(absence(this.watched[0]?.link));
    }
    return one;
  }

  /** Offers the findings, then what can be done about the one that was chosen. */
  async show(): Promise<void> {
    this.live();
    const wrong: Choice[] = [];
    const well: Choice[] = [];
    for (const { status, path } of this.watched) {
      if (status !== undefined) {
        const some = choices(status, path);
        wrong.push(...some.wrong);
        well.push(...some.well);
      }
    }
    const rows: (vscode.QuickPickItem & { choice?: Choice })[] = [];
    const group = (label: string, of: Choice[]): void => {
      if (of.length > 0) {
        rows.push({ label, kind: vscode.QuickPickItemKind.Separator });
        rows.push(...of.map((choice) => ({ ...choice, choice })));
      }
    };
    group('Not as it should be', wrong);
    group('As expected', well);
    const title = wrong.length === 0 ? 'devdoctor: nothing is wrong here' : 'devdoctor: what is wrong here';
    const chosen = await vscode.window.showQuickPick(rows, { title, matchOnDescription: true, matchOnDetail: true });
    if (chosen?.choice === undefined || chosen.choice.actions.length === 0) {
      return;
    }
    const acts = chosen.choice.actions.map((action) => ({
      label: action.label,
      description: action.kind === 'copy' ? action.does : '',
      action,
    }));
    const act = await vscode.window.showQuickPick(acts, { title: chosen.choice.label.replace(/^\$\([^)]*\) /, '') });
    if (act !== undefined) {
      await this.act(act.action);
    }
  }

  private async act(action: Action): Promise<void> {
    switch (action.kind) {
      case 'copy':
        await copy(action.command);
        break;
      case 'open':
        await vscode.env.openExternal(vscode.Uri.parse(action.url, true));
        break;
      case 'why':
        await this.why(action.target, action.folder);
        break;
      case 'mute':
        await this.live().client.call(action.muted ? 'unmute' : 'mute', { port: action.port });
        void vscode.window.setStatusBarMessage(
          action.muted ? `devdoctor tells of port ${action.port} again` : `devdoctor is silent about port ${action.port}`,
          5000,
        );
        break;
    }
  }

  /** Asks why, about a target that is typed in where none is given. */
  async ask(target?: string): Promise<void> {
    this.live();
    const asked =
      typeof target === 'string'
        ? target
        : await vscode.window.showInputBox({
            title: 'devdoctor why',
            prompt: 'A port, host:port or URL',
            placeHolder: '3000',
          });
    if (asked !== undefined && asked.trim() !== '') {
      await this.why(asked.trim());
    }
  }

  private async why(target: string, folder?: string): Promise<void> {
    const { client, path } = this.live(folder);
    const where = folder ?? path;
    const call = client.call('why', where === undefined ? { target } : { target, folder: where });
    const report = await vscode.window.withProgress(
      { location: vscode.ProgressLocation.Window, title: `devdoctor why ${clean(target)}` },
      () => call,
    );
    await this.open(`why ${target}`, reportText(readReport(report)));
  }

  async ports(): Promise<void> {
    await this.open('ports', portsText(readPorts(await this.live().client.call('ports', {}))));
  }

  async copyFix(): Promise<void> {
    this.live();
    const command = firstCommand(this.watched.flatMap(({ status }) => (status === undefined ? [] : [status])));
    if (command === undefined) {
      void vscode.window.showInformationMessage('devdoctor: there is nothing that a command mends');
      return;
    }
    await copy(command);
  }

  /** The only program that is ever run, and only when it is asked for. */
  async startDaemon(): Promise<void> {
    const program = vscode.workspace.getConfiguration('devdoctor').get<string>('path') || 'devdoctor';
    await new Promise<void>((done, fail) => {
      const child = spawn(program, ['daemon', 'start'], { shell: false, stdio: ['ignore', 'ignore', 'pipe'] });
      let said = '';
      child.stderr.setEncoding('utf8');
      child.stderr.on('data', (text: string) => (said = (said + text).slice(0, 4096)));
      child.on('error', (error: NodeJS.ErrnoException) =>
        fail(
          error.code === 'ENOENT'
            ? new Error(`\`${program}\` was not found: the setting devdoctor.path says where it is`)
            : error,
        ),
      );
      // The daemon itself may hold the pipe: its end is not waited for.
      child.on('exit', (code) =>
        code === 0 ? done() : fail(new Error(said.trim() || `\`${program} daemon start\` exited with ${code}`)),
      );
    });
    this.watched.forEach((one) => one.client.retry());
  }

  /** Shows a text in a document that cannot be written to. */
  private async open(name: string, text: string): Promise<void> {
    const uri = vscode.Uri.from({ scheme: SCHEME, path: `/devdoctor ${name.replace(/[/\\]/g, '∕')}` });
    this.pages.delete(uri.path);
    this.pages.set(uri.path, text);
    for (const old of [...this.pages.keys()].slice(0, -MOST_PAGES)) {
      this.pages.delete(old);
    }
    this.turned.fire(uri);
    await vscode.window.showTextDocument(await vscode.workspace.openTextDocument(uri), { preview: true });
  }
}

async function copy(command: string): Promise<void> {
  await vscode.env.clipboard.writeText(command);
  void vscode.window.setStatusBarMessage(`$(check) copied: ${command.replace(/\$\(/g, '\\$(')}`, 5000);
}

/** Where the daemon's socket is, as the settings and the environment say. */
function place(): string {
  const set = vscode.workspace.getConfiguration('devdoctor').get<string>('socket') ?? '';
  return socketPath(set, thisMachine());
}
