// The page where items have keys (keys_test.py has the catalogue). As page_tests.mjs.
// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { answered, fact, recommend } from './browser_steps.mjs';

const namesOf = (page) => page.locator('tbody tr td:nth-child(3)').allTextContents();
const historyOf = (page) => page.locator('ol.history .id').allTextContents();

export const tests = {
  async 'keys are typed, shown and kept in the link'({ page, url }) {
    await page.goto(url);
    await page.getByRole('tab', { name: 'Manual Input' }).click();
    await page
      .getByLabel('Items, oldest first')
      .fill('B00KEY0001, 0316000002 "with, comma" no-such');
    await page.getByLabel('Number of results').fill('5');
    await recommend(page);
    assert.equal(await fact(page, 'History used'), '3 items');
    assert.equal(await fact(page, 'Unknown items dropped'), '1');
    const names = await namesOf(page);
    assert.equal(names.length, 5);
    names.forEach((name) => assert.match(name, /^(B00KEY|0316|with,)/));
    assert.ok(!names.includes('B00KEY0001'));
    assert.deepEqual(await historyOf(page), [
      '#no-such',
      '#with, comma',
      '#0316000002',
      '#B00KEY0001',
    ]);
    await page.reload();
    await answered(page);
    assert.deepEqual(await namesOf(page), names);
  },

  async 'the history of a user is told by keys'({ page, url }) {
    await page.goto(`${url}/?user=A1`);
    await answered(page);
    await page.waitForFunction(() =>
      [...document.querySelectorAll('ol.history .id')].every((id) =>
        /^#(B00KEY|0316|with,)/.test(id.textContent),
      ),
    );
    assert.ok((await historyOf(page)).length > 3);
  },
};
