// What is walked through on the page, by browser.mjs. Each test gets {page, url, shot,
// axe, expected}: shot(name) takes a screenshot, axe is the source of axe-core, expected
// takes the paths whose refusal is part of the test.
// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';

const button = (page) => page.getByRole('button', { name: 'Get Recommendations' });

const requestShown = () => document.querySelector('.provenance a')?.textContent ?? '';

async function recommend(page) {
  const before = await page.evaluate(requestShown);
  await button(page).click();
  await page.waitForFunction((old) => {
    const link = document.querySelector('.provenance a');
    return link && link.textContent !== old && !document.querySelector('.stale');
  }, before);
}

async function fact(page, name) {
  const term = page.locator('.provenance dt').getByText(name, { exact: true });
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

// The answer on the page is whole: k rows, ranked, descending, one bar each.
async function checkAnswer(page, k) {
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
  const widths = await page
    .locator('.chart .bar')
    .evaluateAll((bars) => bars.map((bar) => bar.getBoundingClientRect().width));
  assert.equal(widths.length, Math.min(k, 25), 'bars');
  widths.forEach((width) => assert.ok(Number.isFinite(width), 'width of a bar'));
  assert.match(
    await page.locator('.chart svg').getAttribute('aria-label'),
    /Bar chart/,
  );
  return rows;
}

async function historyIds(page, which) {
  const texts = await page.locator(`.history ${which} .id`).allTextContents();
  return texts.map((text) => Number(text.slice(1)));
}

async function checkAccessible(page, axe, name) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() =>
    window.axe.run(document, { resultTypes: ['violations'] }),
  );
  const found = violations.map(({ id, nodes }) => `${id}: ${nodes[0].html}`);
  assert.deepEqual(found, [], `accessibility of ${name}`);
}

async function pickUser(page, user) {
  await page.getByRole('combobox').fill(user);
  await page.getByRole('option', { name: user, exact: true }).click();
  await page.locator('.history li').first().waitFor();
}

export const tests = {
  async 'users are listed in natural order and can be searched'({ page, url }) {
    await page.goto(url);
    const options = page.getByRole('option');
    await options.nth(11).waitFor();
    const names = await options.allTextContents();
    assert.deepEqual(names.slice(0, 3), ['user_1', 'user_2', 'user_3']);
    await page.getByRole('combobox').fill('user_9');
    await page.waitForFunction(() =>
      [...document.querySelectorAll('[role=option]')].every((option) =>
        option.textContent.startsWith('user_9'),
      ),
    );
    assert.equal(await options.count(), 11);
  },

  async 'a user is chosen with the keyboard alone'({ page, url }) {
    await page.goto(url);
    await page.getByRole('option').nth(3).waitFor();
    await page.getByRole('combobox').focus();
    for (const key of ['ArrowDown', 'ArrowDown', 'Enter'])
      await page.keyboard.press(key);
    await page.locator('.history li').first().waitFor();
    await page.waitForURL(/\?user=user_2$/);
    const send = await button(page).elementHandle();
    for (let i = 0; i < 8; i++) {
      if (await send.evaluate((element) => element === document.activeElement)) break;
      await page.keyboard.press('Tab');
    }
    await page.keyboard.press('Enter');
    await page.locator('.provenance').waitFor();
    await checkAnswer(page, 10);
  },

  async 'select user: history with titles, slider, answer'({ page, url, shot, axe }) {
    await page.goto(url);
    await page.getByText('Live', { exact: true }).waitFor();
    await pickUser(page, 'user_7');
    await page.waitForFunction(() =>
      [...document.querySelectorAll('.history .title')].every(
        (title) => !/^Item \d+$/.test(title.textContent),
      ),
    );
    const all = await historyIds(page, 'li');
    await recommend(page);
    const rows = await checkAnswer(page, 10);
    rows.forEach((row) => assert.ok(!all.includes(row.id), 'not seen before'));
    rows.forEach((row) => assert.ok(row.title && !/^Item \d/.test(row.title), 'title'));
    await page.locator('.status.COMPLETED').waitFor();
    assert.equal(await fact(page, 'Source'), 'model');
    assert.match(
      await page.locator('.server').textContent(),
      new RegExp(await fact(page, 'Model')),
    );
    await checkAccessible(page, axe, 'the answer');
    await shot('user');

    await page.locator('#used').focus();
    await page.keyboard.press('Home');
    for (let i = 0; i < 3; i++) await page.keyboard.press('ArrowRight');
    await page.locator('.slider output').getByText('3 of ').waitFor();
    assert.deepEqual(await historyIds(page, '.used'), all.slice(0, 3));
    await page.waitForURL(/user=user_7&n=3$/);
    await recommend(page);
    assert.equal(await fact(page, 'History used'), '3 items');
    await checkAnswer(page, 10);
    await page.locator('.status.COMPLETED').waitFor();
    await shot('slider');
  },

  async 'nothing of the history: popular items, and the page says so'({
    page,
    url,
    shot,
  }) {
    await page.goto(`${url}/?user=user_7&n=0`);
    await page.locator('.history li').first().waitFor();
    await recommend(page);
    await checkAnswer(page, 10);
    assert.equal(await fact(page, 'Source'), 'popular items');
    await page.getByText('the history is empty').waitFor();
    await shot('popular');
  },

  async 'manual input: answer without the items given'({ page, url, shot, axe }) {
    await page.goto(url);
    await page.getByRole('tab', { name: 'Manual Input' }).click();
    await page.getByLabel('Item ids').fill('10, 20, 30');
    await page.getByLabel('Number of results').fill('5');
    await recommend(page);
    const rows = await checkAnswer(page, 5);
    rows.forEach((row) => assert.ok(![10, 20, 30].includes(row.id)));
    assert.deepEqual(await historyIds(page, 'li'), [30, 20, 10]);
    await page.waitForURL(/\?items=10,20,30&k=5$/);
    await page.locator('.status.COMPLETED').waitFor();
    await checkAccessible(page, axe, 'manual input');
    await shot('manual');
  },

  async 'items the model does not know are counted'({ page, url }) {
    await page.goto(`${url}/?items=10,20,9007199254740991`);
    await recommend(page);
    await checkAnswer(page, 10);
    assert.equal(await fact(page, 'Unknown items dropped'), '1');
    assert.equal(await fact(page, 'History used'), '2 items');
  },

  async 'bad manual input is named and nothing is sent'({ page, url, shot, axe }) {
    const sent = [];
    page.on('request', (request) => request.method() === 'POST' && sent.push(request));
    await page.goto(url);
    await page.getByRole('tab', { name: 'Manual Input' }).click();
    for (const [text, message] of [
      ['', 'at least one item id'],
      ['10, abc, 30', 'Entry 2, “abc”, is not an item id'],
      ['10, -1', 'Entry 2, “-1”'],
      ['9007199254740992', 'too large'],
    ]) {
      await page.getByLabel('Item ids').fill(text);
      await button(page).click();
      await page.getByRole('alert').filter({ hasText: message }).waitFor();
    }
    assert.equal(await page.locator('#items').getAttribute('aria-invalid'), 'true');
    await page.getByLabel('Number of results').fill('1001');
    await page.getByRole('alert').filter({ hasText: '1 to 1000' }).waitFor();
    assert.equal(sent.length, 0);
    await checkAccessible(page, axe, 'the errors');
    await shot('bad-input');
  },

  async 'a large answer is shown whole, with the first bars'({ page, url }) {
    await page.goto(`${url}/?items=10,20,30&k=100`);
    await recommend(page);
    await checkAnswer(page, 100);
  },

  async 'an unknown user in a link is said, and the page goes on'({
    page,
    url,
    shot,
    expected,
  }) {
    expected.push('/users/nobody/history');
    await page.goto(`${url}/?user=nobody`);
    await page.locator('.notice').waitFor();
    assert.ok(await button(page).isDisabled());
    await shot('unknown-user');
    await pickUser(page, 'user_1');
    await recommend(page);
    await checkAnswer(page, 10);
  },

  async 'a stream that breaks: the result is asked for, twice if need be'({
    page,
    url,
    expected,
  }) {
    expected.push('/result/');
    let asked = 0;
    await page.route('**/result/*', (route) =>
      asked++ === 0 ? route.fulfill({ status: 503, body: '{}' }) : route.continue(),
    );
    await page.route('**/events?request_id=*', (route) =>
      route.fulfill({ status: 204, body: '' }),
    );
    await page.goto(`${url}/?items=10,20,30`);
    await recommend(page);
    await checkAnswer(page, 10);
    await page.locator('.status.COMPLETED').waitFor();
    assert.ok(asked >= 2);
  },

  async 'not ready: the page says what to do'({ page, url, shot, expected }) {
    expected.push('/predict');
    await page.route('**/predict', (route) =>
      route.fulfill({
        status: 503,
        contentType: 'application/problem+json',
        headers: { 'Retry-After': '2' },
        body: JSON.stringify({
          title: 'No model yet',
          status: 503,
          detail: 'None found.',
        }),
      }),
    );
    await page.goto(`${url}/?items=10,20,30`);
    await button(page).click();
    const notice = page.locator('.notice');
    await notice.getByText('No model yet').waitFor();
    assert.match(await notice.textContent(), /sasrec train/);
    await shot('not-ready');
  },

  async 'fits 375 px, light and dark'({ page, url, shot, axe }) {
    await page.setViewportSize({ width: 375, height: 760 });
    for (const colorScheme of ['light', 'dark']) {
      await page.emulateMedia({ colorScheme });
      await page.goto(`${url}/?user=user_3`);
      await page.locator('.history li').first().waitFor();
      await recommend(page);
      await checkAnswer(page, 10);
      await page.locator('.status.COMPLETED').waitFor();
      const width = await page.evaluate(() => document.documentElement.scrollWidth);
      assert.ok(width <= 375, `${width} px wide`);
      await checkAccessible(page, axe, colorScheme);
      await shot(`phone-${colorScheme}`);
    }
  },

  async 'dark on a desk'({ page, url, shot, axe }) {
    await page.emulateMedia({ colorScheme: 'dark' });
    await page.goto(`${url}/?user=user_42`);
    await page.locator('.history li').first().waitFor();
    await recommend(page);
    await page.locator('.status.COMPLETED').waitFor();
    await checkAccessible(page, axe, 'dark');
    await shot('dark');
  },

  async 'the interactive API page renders'({ page, url, shot }) {
    await page.goto(`${url}/docs`);
    await page.locator('.opblock').first().waitFor();
    assert.equal(await page.locator('.errors-wrapper').count(), 0);
    await shot('docs');
  },
};
