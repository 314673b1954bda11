// Steps and checks that the tests of the page share. SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';

export const ask = (page) => page.getByRole('button', { name: 'Get Recommendations' });
export const lamp = (page) => page.locator('.lamp summary');

const requestShown = () => document.querySelector('.facts a')?.textContent ?? '';

// An answer is there, and it is one to what is chosen.
export async function answered(page, before = '') {
  await page.waitForFunction((old) => {
    const link = document.querySelector('.facts a');
    return link && link.textContent !== old && !document.querySelector('.stale');
  }, before);
}

export async function titlesShown(page) {
  await page.waitForFunction(() =>
    [...document.querySelectorAll('.history .title')].every(
      (title) => !/^Item \d+$/.test(title.textContent),
    ),
  );
}

export async function recommend(page) {
  const before = await page.evaluate(requestShown);
  await ask(page).click();
  await answered(page, before);
}

export async function fact(page, name) {
  const term = page.locator('.facts dt').getByText(name, { exact: true });
  return (await term.locator('..').locator('dd').textContent()).trim();
}

async function tableOf(page) {
  const lines = await page
    .locator('tbody tr')
    .evaluateAll((rows) =>
      rows.map((row) =>
        [...row.children].map((cell) => cell.firstChild?.textContent ?? ''),
      ),
    );
  return lines.map(([rank, title, id, category, score]) => ({
    rank: Number(rank),
    title,
    id: Number(id),
    category,
    score: Number(score),
  }));
}

// The answer on the page is whole: k rows, ranked, descending, a bar in each.
export async function checkAnswer(page, k) {
  const rows = await tableOf(page);
  assert.equal(rows.length, k, 'rows of the table');
  assert.deepEqual(
    rows.map((row) => row.rank),
    rows.map((_, i) => i + 1),
    'ranks',
  );
  for (const row of rows) {
    assert.ok(Number.isSafeInteger(row.id), `item id ${row.id}`);
    assert.ok(Number.isFinite(row.score), `score ${row.score}`);
  }
  rows
    .slice(1)
    .forEach((row, i) => assert.ok(row.score <= rows[i].score, 'descending'));
  assert.equal(new Set(rows.map((row) => row.id)).size, k, 'items are different');
  await checkBars(page, k);
  return rows;
}

// Each score has a bar in its cell, none longer than the one before.
async function checkBars(page, k) {
  const widths = await page
    .locator('td.score .bar')
    .evaluateAll((bars) => bars.map((bar) => bar.getBoundingClientRect().width));
  assert.equal(widths.length, k, 'bars');
  assert.ok(widths[0] > 30, `the first bar has ${widths[0]} px`);
  widths
    .slice(1)
    .forEach((width, i) => assert.ok(width <= widths[i] + 0.1, 'bars fall'));
}

export async function historyIds(page, which) {
  const texts = await page.locator(`.history ${which} .id`).allTextContents();
  return texts.map((text) => Number(text.slice(1)));
}

export async function checkAccessible(page, axe, name) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() =>
    window.axe.run(document, { resultTypes: ['violations'] }),
  );
  const found = violations.map(({ id, nodes }) => `${id}: ${nodes[0].html}`);
  assert.deepEqual(found, [], `accessibility of ${name}`);
}

export async function pickUser(page, user) {
  await page.getByRole('combobox').fill(user);
  await page.getByRole('option', { name: user, exact: true }).click();
  await page.locator('#history-title .of').getByText(user, { exact: true }).waitFor();
  await page.locator('.history li').first().waitFor();
}

export const problem = (status, title, detail) => ({
  status,
  contentType: 'application/problem+json',
  body: JSON.stringify({ type: '/problems/test', title, status, detail }),
});
