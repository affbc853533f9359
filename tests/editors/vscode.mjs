// Drives a real VS Code in a real browser: what a user sees of the extension while a
// real daemon watches a real server. Ends with 0 only if all of it was seen.
//
//   node vscode.mjs FOLDER
//
// FOLDER holds the packages of `browser/`. The environment says the rest: CODE_SERVER
// (its entry.js), CHROMIUM, VSIX, DEVDOCTOR, WORK (the folder to open), and where a
// picture goes, if one is wanted: PICTURE.

import { spawn, spawnSync, execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { connect } from 'node:net';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const { CODE_SERVER, CHROMIUM, VSIX, DEVDOCTOR, WORK, HOME, PICTURE } = process.env;
const { chromium } = createRequire(join(process.argv[2], 'package.json'))('playwright-core');

const PATIENCE = 20_000;
/** What a change may take until it is seen, in milliseconds. */
const BUDGET = 1_000;
/** A second project, beside the first one. */
const BLOG = join(WORK, '../blog');
const URL = 'http://127.0.0.1:18443';

const children = new Set();
function start(words, options = {}) {
  const child = spawn(words[0], words.slice(1), { stdio: ['ignore', 'inherit', 'inherit'], ...options });
  children.add(child);
  return child;
}

function end(child, signal = 'SIGTERM') {
  children.delete(child);
  if (child.exitCode !== null || child.signalCode !== null) {
    return Promise.resolve();
  }
  return new Promise((done) => {
    child.on('exit', done);
    child.kill(signal);
  });
}

async function until(what, is, patience = PATIENCE) {
  const last = Date.now() + patience;
  for (;;) {
    const value = await is();
    if (value) {
      return value;
    }
    if (Date.now() > last) {
      throw new Error(`${what} did not come`);
    }
    await new Promise((done) => setTimeout(done, 10));
  }
}

/** Whether somebody listens there. A client that asked would be refused, and that is news. */
function listens(port) {
  const at = `0100007F:${port.toString(16).toUpperCase().padStart(4, '0')} 00000000:0000 0A`;
  return readFileSync('/proc/net/tcp', 'utf8').includes(at);
}

/** What any client does; it is refused. */
function knock(port) {
  return new Promise((done) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', done);
    socket.on('connect', () => socket.destroy() && done());
  });
}

function equal(got, wanted, what) {
  if (got !== wanted) {
    throw new Error(`${what}: ${JSON.stringify(got)}, not ${JSON.stringify(wanted)}`);
  }
}

function says(text, words) {
  if (!text.includes(words)) {
    throw new Error(`no ${JSON.stringify(words)} in ${JSON.stringify(text)}`);
  }
}

/** What the daemon says of all projects; the exit code is that of what is wrong. */
function asked(words) {
  return JSON.parse(spawnSync(DEVDOCTOR, words, { cwd: WORK, encoding: 'utf8' }).stdout);
}

/** The server that a package.json names, as `npm run dev` starts it. */
function serverOn(port) {
  return ['python3', '-m', 'http.server', String(port), '--bind', '127.0.0.1'];
}

async function play() {
  const data = join(HOME, 'data');
  const extensions = join(HOME, 'extensions');
  mkdirSync(join(data, 'User'), { recursive: true });
  mkdirSync(join(data, 'Machine'));
  mkdirSync(extensions);
  // A shell's profile may set PATH anew, so the program is named.
  writeFileSync(join(data, 'Machine/settings.json'), JSON.stringify({ 'devdoctor.path': DEVDOCTOR }));
  const settings = { 'workbench.startupEditor': 'none', 'security.workspace.trust.enabled': false };
  writeFileSync(join(data, 'User/settings.json'), JSON.stringify(settings));
  const code = [process.execPath, CODE_SERVER, '--user-data-dir', data, '--extensions-dir', extensions];
  execFileSync(code[0], [...code.slice(1), '--install-extension', VSIX], { stdio: 'inherit' });
  start([...code, '--bind-addr', URL.slice(7), '--auth', 'none', '--disable-telemetry', '--disable-update-check', WORK]);
  await until('code-server', () => fetch(`${URL}/healthz`).then((answer) => answer.ok, () => false));

  const browser = await chromium.launch({
    executablePath: CHROMIUM,
    args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-sync'],
  });
  try {
    const context = await browser.newContext({ viewport: { width: 1100, height: 560 } });
    await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: URL });
    const page = await context.newPage();
    await page.goto(`${URL}/?folder=${WORK}`, { waitUntil: 'domcontentloaded' });
    await look(page);
  } catch (error) {
    for (const page of browser.contexts().flatMap((context) => context.pages())) {
      process.stderr.write(`the status bar: ${JSON.stringify(await page.locator('.statusbar-item').allInnerTexts())}\n`);
      process.stderr.write(`the messages: ${JSON.stringify(await page.locator('.notification-toast').allInnerTexts())}\n`);
    }
    throw error;
  } finally {
    await browser.close();
  }
}

/**
 * Opens a workspace of several folders. On a busy machine the editor at times takes its file
 * for empty, and says so in its explorer; then it is opened again.
 */
async function openWorkspace(page, file) {
  const row = page.locator('.explorer-folders-view .monaco-list-row').first();
  const empty = page.getByText('You have not yet added a folder to the workspace');
  for (let tries = 1; ; tries++) {
    await page.goto(`${URL}/?workspace=${file}`, { waitUntil: 'domcontentloaded' });
    await row.or(empty).first().waitFor({ timeout: 60_000 });
    if (await row.isVisible()) {
      return;
    }
    if (tries === 5) {
      throw new Error('the editor finds no folder in its workspace');
    }
    console.log('the editor took its workspace for empty, and is asked again');
  }
}

async function look(page) {
  const item = page.locator('[id="devdoctor.devdoctor.status"]');
  const text = async () => (await item.innerText().catch(() => '')).trim();
  const becomes = (wanted, patience) =>
    until(`${JSON.stringify(wanted)} in the status bar`, async () => (await text()) === wanted, patience);

  // No daemon runs: one quiet item, whose click starts it.
  await becomes('devdoctor: off', 60_000);
  await item.locator('a').click();
  await becomes('⏺ 0 of 2 up');
  console.log('a click started the daemon');

  // The text follows a real server. The machine may be busy: the best of some tries counts.
  const took = { start: [], stop: [] };
  for (let tries = 0; tries < 5; tries++) {
    const server = start(serverOn(3000), { cwd: WORK, stdio: 'ignore' });
    await until('the server', () => listens(3000));
    let from = performance.now();
    await becomes('⏺ 1 of 2 up');
    took.start.push(Math.round(performance.now() - from));
    from = performance.now();
    await end(server, 'SIGKILL');
    await becomes('⏺ 0 of 2 up');
    took.stop.push(Math.round(performance.now() - from));
    if (Math.min(...took.start) <= BUDGET && Math.min(...took.stop) <= BUDGET) {
      break;
    }
  }
  console.log(`seen after (ms): started ${took.start}, stopped ${took.stop}`);
  if (Math.min(...took.start) > BUDGET || Math.min(...took.stop) > BUDGET) {
    throw new Error(`the status bar is slower than ${BUDGET} ms`);
  }

  // A client is refused where nobody was: the item says why, a click offers what mends it.
  await until('the alert', async () => {
    await knock(8000);
    return (await text()).startsWith('⚠ 8000 refused: ');
  }).catch(async (error) => {
    const daemon = JSON.stringify(asked(['status', '--json', '--all']));
    throw new Error(`${error.message}; the item says ${await text()}, the daemon ${daemon}`);
  });
  console.log(`the item says: ${await text()}`);
  const list = page.locator('.quick-input-widget');
  const rows = list.locator('.quick-input-list .monaco-list-row');
  const click = () => item.locator('a').click();
  const pick = (words) => rows.filter({ hasText: words }).first().click();
  const offers = async () => {
    await rows.first().waitFor();
    return (await list.innerText()).replace(/\s+/g, ' ');
  };
  await click();
  const offered = await offers();
  says(offered, 'Not as it should be');
  says(offered, 'DD2');
  if (PICTURE) {
    await page.mouse.move(700, 400);
    await page.waitForTimeout(1000);
    await page.screenshot({ path: PICTURE });
  }
  await pick('DD2');
  await rows.filter({ hasText: 'Show why' }).first().waitFor();
  const acts = (await list.innerText()).replace(/\s+/g, ' ');
  says(acts, 'Copy the command: ');
  says(acts, 'npm run dev');
  says(acts, 'Mute port 8000');
  await pick('Copy the command');
  await until('the command in the clipboard', async () =>
    (await page.evaluate(() => navigator.clipboard.readText())).includes('npm run dev'),
  );
  await click();
  await pick('DD2');
  await pick('Show why');
  const shown = page.locator('.editor-instance .view-lines').first();
  const read = async () => (await shown.innerText().catch(() => '')).replaceAll('\u00a0', ' ');
  await until('the report', async () => (await read()).includes('fix: '));
  const report = await read();
  says(report, 'error[DD2');
  says(report, '--> 8000: refused');

  // Who does not want to hear of a port has the item quiet, and may change his mind.
  const muted = () => asked(['status', '--json', '--all']).alerts.map((alert) => alert.muted).join();
  await click();
  await pick('DD2');
  await pick('Mute port 8000');
  await becomes('⏺ 0 of 2 up');
  equal(muted(), 'true', 'what the daemon says of the alert');
  await click();
  says(await offers(), 'muted');
  await pick('DD2');
  await pick('No longer mute port 8000');
  await until('the alert again', async () => (await text()).startsWith('⚠ 8000 refused: '));
  equal(muted(), 'false', 'what the daemon says of the alert');
  console.log('the port was muted, and told of again');

  // Once it answers, the item is well again, and its address is opened by a click.
  const server = start(serverOn(8000), { cwd: join(WORK, 'api'), stdio: 'ignore' });
  await becomes('⏺ 1 of 2 up');
  await click();
  await pick('api');
  const opened = page.context().waitForEvent('page', { timeout: PATIENCE });
  await pick('Open http://');
  const tab = await opened;
  await until('the page of the server', async () => (await tab.content().catch(() => '')).includes('package.json'));
  // In a browser its own server leads there.
  says(tab.url(), '8000');
  console.log(`a click opened ${tab.url()}`);
  await tab.close();

  // With a second folder the item speaks of both.
  const blog = serverOn(4000);
  mkdirSync(BLOG);
  writeFileSync(join(BLOG, 'package.json'), JSON.stringify({ name: 'blog', scripts: { dev: blog.join(' ') } }));
  const both = join(HOME, 'both.code-workspace');
  writeFileSync(both, JSON.stringify({ folders: [{ path: WORK }, { path: BLOG }] }));
  await openWorkspace(page, both);
  await becomes('⏺ 1 up', 60_000);
  const second = start(blog, { cwd: BLOG, stdio: 'ignore' });
  await becomes('⏺ 2 up');
  await item.hover();
  const tip = page.locator('.monaco-hover:visible');
  await until('both folders in the tooltip', async () => {
    const told = (await tip.allInnerTexts()).join(' ');
    return ['shop', 'api', 'blog'].every((name) => told.includes(name)) && told;
  });
  await click();
  const services = await offers();
  ['shop', 'api', 'blog'].forEach((name) => says(services, name));
  await page.keyboard.press('Escape');
  // The worst of them is what it says.
  await end(second, 'SIGKILL');
  await becomes('⏺ 1 up');
  await knock(4000);
  await until('the alert of the second folder', async () => (await text()).startsWith('⚠ 4000 refused: '));
  console.log(`with two folders the item says: ${await text()}`);

  // The daemon ends: the item is quiet again.
  execFileSync(DEVDOCTOR, ['daemon', 'stop'], { stdio: 'inherit' });
  await becomes('devdoctor: off');
  await end(server);
}

try {
  await play();
  console.log('all was seen');
} catch (error) {
  console.error(error);
  process.exitCode = 1;
} finally {
  await Promise.all([...children].map((child) => end(child)));
}
