// How soon pages are painted, and what is sent for them: ops/bench/page.
// SPDX-License-Identifier: Apache-2.0

const PAGES = { page: ['/?user=user_7', 'tbody tr'], docs: ['/docs', '.opblock'] };

async function load(browser, address, there) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  const page = await context.newPage();
  let bytes = 0;
  page.on('requestfinished', async (request) => {
    bytes += (await request.sizes()).responseBodySize;
  });
  const startedAt = performance.now();
  await page.goto(address);
  await page.locator(there).first().waitFor();
  const shownMs = performance.now() - startedAt;
  const paintMs = await page.evaluate(
    () => performance.getEntriesByName('first-paint')[0].startTime,
  );
  await context.close();
  return { paintMs, shownMs, bytes };
}

function spread(values) {
  const sorted = values.map(Math.round).sort((a, b) => a - b);
  return { median: sorted[sorted.length >> 1], worst: sorted.at(-1) };
}

export async function measurePaint(browser, url, loads) {
  const report = {};
  for (const [name, [path, there]] of Object.entries(PAGES)) {
    const runs = [];
    for (let i = 0; i < loads; i++) runs.push(await load(browser, url + path, there));
    report[name] = {
      first_paint_ms: spread(runs.map((run) => run.paintMs)),
      shown_ms: spread(runs.map((run) => run.shownMs)),
      bytes: Math.max(...runs.map((run) => run.bytes)),
    };
  }
  return report;
}
