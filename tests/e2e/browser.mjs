// Walks the page in a real browser against a live server with seeded data:
//   node tests/e2e/browser.mjs --url http://127.0.0.1:8501 [--screenshots DIR]
//     [--modules DIR]   where its libraries are, or are put (default build/e2e)
//     [--chromium PATH] [--only WORD]
//     [--fetch]         puts its libraries there and does no more
//     [--control URL]   where a POST to /NAME/stop and /NAME/start reaches PostgreSQL, the
//                       server and the model (browser_test.py); without it no outages
//     [--keys]          against a catalogue with keys (keys_test.py): those tests alone
//     [--paint LOADS]   measures instead (ops/bench/page)
// Fails on a console error, an error in the page, a failed request, or a request to
// another origin. Exit status 0: all passed, 1: not, 2: could not be run.
// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { measurePaint } from './browser_paint.mjs';
import { tests as behaviour } from './page_tests.mjs';
import { tests as keyed } from './page_tests_keys.mjs';
import { tests as layout } from './page_tests_layout.mjs';
import { tests as outages } from './page_tests_outage.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const STEP_MS = 30_000; // no claim: what a busy machine may take
const CHROMIUM_FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

const { values: option } = parseArgs({
  options: {
    url: { type: 'string', default: 'http://127.0.0.1:8501' },
    screenshots: { type: 'string' },
    modules: { type: 'string', default: join(here, '../../build/e2e') },
    chromium: { type: 'string' },
    fetch: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
    keys: { type: 'boolean', default: false },
    control: { type: 'string' },
    paint: { type: 'string' },
  },
});
const origin = new URL(option.url).origin;
const tests = option.keys
  ? keyed
  : { ...behaviour, ...layout, ...(option.control ? outages : {}) };

async function control(name, action) {
  const answer = await fetch(`${option.control}/${name}/${action}`, { method: 'POST' });
  assert.equal(answer.status, 200, `${action} ${name}`);
  return answer.text();
}

// The libraries, fetched once per lock file.
function modules() {
  const folder = resolve(option.modules);
  const lock = readFileSync(join(here, 'package-lock.json'), 'utf8');
  const stamp = join(folder, 'installed-lock.json');
  if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== lock) {
    mkdirSync(folder, { recursive: true });
    for (const name of ['package.json', 'package-lock.json'])
      copyFileSync(join(here, name), join(folder, name));
    execFileSync(
      'npm',
      [
        'ci',
        '--ignore-scripts',
        '--no-audit',
        '--no-fund',
        '--prefer-offline',
        '--loglevel=error',
      ],
      { cwd: folder, stdio: 'inherit' },
    );
    writeFileSync(stamp, lock);
  }
  return createRequire(join(folder, 'package.json'));
}

function chromiumPath() {
  const known = [option.chromium, '/usr/bin/chromium', '/usr/bin/chromium-browser'];
  const found = known.find((path) => path && existsSync(path));
  if (!found) throw new Error('chromium is not installed (apt-get install chromium)');
  return found;
}

// What the page must never do. `expected` holds paths whose refusal is part of a test.
function watch(page, faults, expected) {
  const isExpected = (url) => expected.some((path) => url.startsWith(origin + path));
  page.on('console', (message) => {
    if (message.type() !== 'error' && message.type() !== 'warning') return;
    if (!isExpected(message.location().url))
      faults.push(
        `console ${message.type()}: ${message.text()} (${message.location().url})`,
      );
  });
  page.on('pageerror', (error) => faults.push(`page error: ${error.stack}`));
  page.on('request', (request) => {
    const url = request.url();
    if (!url.startsWith(`${origin}/`) && !url.startsWith('data:'))
      faults.push(`foreign request: ${url}`);
  });
  page.on('requestfailed', (request) => {
    const { errorText } = request.failure();
    const closed = errorText === 'net::ERR_ABORTED'; // by the page itself: a stream it
    const ours = /\/(events|users|items|result)\b/.test(request.url()); // is done with
    if (!(closed && ours) && !isExpected(request.url()))
      faults.push(`failed request: ${request.url()} ${errorText}`);
  });
  page.on('response', (response) => {
    if (response.status() >= 400 && !isExpected(response.url()))
      faults.push(`${response.status()} from ${response.url()}`);
  });
}

async function runOne(browser, axe, name) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  const page = await context.newPage();
  page.setDefaultTimeout(STEP_MS);
  const faults = [];
  const expected = [];
  watch(page, faults, expected);
  const shot = async (file, fullPage = true) => {
    if (!option.screenshots) return;
    const path = join(option.screenshots, `${file}.png`);
    await page.screenshot({ path, fullPage, animations: 'disabled' });
  };
  try {
    await tests[name]({ page, url: option.url, shot, axe, expected, control });
    assert.deepEqual(faults, [], 'faults seen by the browser');
    console.log(`ok   ${name}`);
    return true;
  } catch (error) {
    await shot('failed').catch(() => {});
    console.log(`FAIL ${name}\n${error.stack}\n${faults.join('\n')}`);
    return false;
  } finally {
    await context.close();
  }
}

async function main() {
  const require = modules();
  if (option.fetch) return 0;
  const { chromium } = require('playwright-core');
  const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
  if (option.screenshots) mkdirSync(option.screenshots, { recursive: true });
  const browser = await chromium.launch({
    executablePath: chromiumPath(),
    args: CHROMIUM_FLAGS,
  });
  let failed = 0;
  try {
    if (option.paint) {
      const report = await measurePaint(browser, option.url, Number(option.paint));
      console.log(JSON.stringify(report, null, 2));
      return 0;
    }
    for (const name of Object.keys(tests).filter((each) => each.includes(option.only)))
      failed += (await runOne(browser, axe, name)) ? 0 : 1;
  } finally {
    await browser.close();
  }
  console.log(failed ? `${failed} failed` : 'all passed');
  return failed ? 1 : 0;
}

process.exitCode = await main().catch((error) => {
  console.error(`browser.mjs: ${error.message}`);
  return 2;
});
