// Drives a real Chromium with a profile of its own, and says what came of each step.
//
//   node visit.mjs PACKAGES CHROMIUM PROFILE KEY STEPS
//
// KEY is the hash of the one public key whose certificate is trusted. STEPS is a list in
// JSON: { "open": URL } gives { url, text } or { error }, { "run": SCRIPT } gives what the
// script in the page does. The results are written as a list in JSON.

import { createRequire } from 'node:module';
import { join } from 'node:path';

const [packages, executablePath, profile, key, steps] = process.argv.slice(2);
const { chromium } = createRequire(join(packages, 'package.json'))('playwright-core');

const context = await chromium.launchPersistentContext(profile, {
  executablePath,
  args: [
    '--no-sandbox',
    '--disable-gpu',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-sync',
    `--ignore-certificate-errors-spki-list=${key}`,
  ],
});
const page = await context.newPage();
const results = [];
for (const step of JSON.parse(steps)) {
  try {
    if (step.open) {
      await page.goto(step.open, { timeout: 20_000 });
      results.push({ url: page.url(), text: (await page.textContent('body')).trim() });
    } else {
      results.push(await page.evaluate(step.run));
    }
  } catch (error) {
    results.push({ error: error.message.split('\n')[0] });
  }
}
await context.close();
console.log(JSON.stringify(results));
