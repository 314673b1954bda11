// How the page is laid out, at every width and in both themes.
// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import {
  answered,
  ask,
  checkAccessible,
  checkAnswer,
  lamp,
  titlesShown,
} from './browser_steps.mjs';

const SIZES = [
  [320, 225], // 1280 x 900 at 400 %
  [320, 640],
  [360, 740],
  [768, 1024],
  [1024, 768],
  [1440, 900],
  [1920, 1080],
];
const WORD = 'Rindfleischetikettierungsueberwachungsaufgabenuebertragungsgesetz'
  .repeat(2)
  .slice(0, 120);

async function boxOf(locator) {
  return locator.evaluate((element) => element.getBoundingClientRect().toJSON());
}

async function checkFits(page, width) {
  const wide = await page.evaluate(() => document.documentElement.scrollWidth);
  assert.ok(wide <= width, `${wide} px wide instead of ${width}`);
  const cut = await page
    .locator('tbody th, tbody td, .history li, .facts dd, .panel h2')
    .evaluateAll((cells) =>
      cells
        .filter((cell) => cell.scrollWidth > cell.clientWidth + 1)
        .filter((cell) => getComputedStyle(cell).display !== 'inline')
        .map((cell) => cell.textContent),
    );
  assert.deepEqual(cut, [], 'cut texts');
}

// The first item's title is one word of 120 letters, in the history and in the answer.
async function giveLongTitles(page) {
  await page.route('**/items?*', async (route) => {
    const answer = await route.fetch();
    const items = await answer.json();
    await route.fulfill({ json: items.map((item) => ({ ...item, title: WORD })) });
  });
}

export const tests = {
  async 'every width, light and dark'({ page, url, shot, axe }) {
    for (const [width, height] of SIZES)
      for (const colorScheme of ['light', 'dark']) {
        await page.setViewportSize({ width, height });
        await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
        await page.goto(`${url}/?user=user_42`);
        await answered(page);
        await page.locator('.status.COMPLETED').waitFor();
        await lamp(page).getByText('Ready').waitFor();
        await titlesShown(page);
        await checkAnswer(page, 10);
        await checkFits(page, width);
        await shot(`${width}x${height}-${colorScheme}`);
        if (width === 360 || width === 1440)
          await checkAccessible(page, axe, `${width} ${colorScheme}`);
      }
  },

  async 'one word of 120 letters breaks nothing'({ page, url, shot }) {
    await giveLongTitles(page);
    for (const [width, height] of SIZES) {
      await page.setViewportSize({ width, height });
      await page.goto(`${url}/?user=user_42`);
      await answered(page);
      await page.locator('tbody th').getByText(WORD).first().waitFor();
      await checkFits(page, width);
    }
    await page.setViewportSize({ width: 360, height: 740 });
    await shot('long-word');
  },

  async 'on a phone the first tap brings the results into view'({ page, url, shot }) {
    await page.setViewportSize({ width: 360, height: 740 });
    await page.emulateMedia({ reducedMotion: 'reduce' });
    await page.goto(url);
    await page.getByRole('option', { name: 'user_3', exact: true }).click();
    await page.locator('.history li').first().waitFor();
    await ask(page).click();
    await answered(page);
    const inView = ([top, bottom]) => {
      const of = (selector) => document.querySelector(selector).getBoundingClientRect();
      return of(top).top >= 0 && of(bottom).bottom <= innerHeight;
    };
    await page.waitForFunction(inView, ['#result-title', '.facts']);
    await page.waitForFunction(inView, ['#result-title', 'tbody tr']);
    await shot('phone-first-tap', false);
  },

  async 'on a desk time, model and request are above the fold'({ page, url }) {
    await page.setViewportSize({ width: 1440, height: 900 });
    await page.goto(`${url}/?user=user_42`);
    await answered(page);
    for (const name of ['Round trip', 'Model', 'Request']) {
      const term = page.locator('.facts dt').getByText(name, { exact: true });
      assert.ok((await boxOf(term.locator('..'))).bottom < 450, name);
    }
  },

  async 'forced colours and paper keep the bars'({ page, url, shot }) {
    await page.goto(`${url}/?user=user_42`);
    await answered(page);
    for (const media of [{ forcedColors: 'active' }, { media: 'print' }]) {
      await page.emulateMedia({ forcedColors: 'none', media: 'screen', ...media });
      const [line, colour, page_] = await page
        .locator('td.score .bar')
        .first()
        .evaluate((bar) => {
          const style = getComputedStyle(bar);
          const behind = getComputedStyle(document.body).backgroundColor;
          return [style.borderTopWidth, style.borderTopColor, behind];
        });
      assert.ok(parseFloat(line) >= 4, `a line of ${line}`);
      assert.notEqual(colour, page_);
      await shot(media.media ?? 'forced-colors');
    }
    assert.ok(!(await page.locator('.controls').isVisible()), 'no controls on paper');
    assert.ok(await page.locator('tbody').isVisible());
  },
};
