// What the page does, walked through by browser.mjs. Each test gets {page, url, shot, axe,
// expected, control}: shot(name) takes a screenshot, axe is the source of axe-core,
// expected takes the paths whose refusal is part of the test, control(name, "stop" or
// "start") does so to a part of the server. SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import {
  answered,
  ask,
  checkAccessible,
  checkAnswer,
  fact,
  historyIds,
  lamp,
  pickUser,
  problem,
  recommend,
  titlesShown,
} from './browser_steps.mjs';

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
    const send = await ask(page).elementHandle();
    for (let i = 0; i < 8; i++) {
      if (await send.evaluate((element) => element === document.activeElement)) break;
      await page.keyboard.press('Tab');
    }
    await page.keyboard.press('Enter');
    await page.locator('.facts').waitFor();
    await checkAnswer(page, 10);
  },

  async 'select user: history with titles, slider, answer'({ page, url, shot, axe }) {
    await page.goto(url);
    await lamp(page).getByText('Ready', { exact: true }).waitFor();
    await pickUser(page, 'user_7');
    await titlesShown(page);
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
    await answered(page);
    await checkAnswer(page, 10);
    assert.equal(await fact(page, 'Source'), 'popular items');
    await page.getByText('the history is empty').waitFor();
    await shot('popular');
  },

  async 'manual input: answer without the items given'({ page, url, shot, axe }) {
    await page.goto(url);
    await page.getByRole('tab', { name: 'Manual Input' }).click();
    await page.getByLabel('Items, oldest first').fill('10, 20, 30');
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
    await answered(page);
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
      ['', 'at least one item'],
      ['10, "abc', 'Entry 2, “"abc”, begins with a quote'],
      ['10 ""', 'Entry 2, “""”'],
      ['k'.repeat(129), 'not 1 to 128 bytes'],
    ]) {
      await page.getByLabel('Items, oldest first').fill(text);
      await ask(page).click();
      await page.getByRole('alert').filter({ hasText: message }).waitFor();
    }
    assert.equal(await page.locator('#items').getAttribute('aria-invalid'), 'true');
    await page.getByLabel('Number of results').fill('1001');
    await page.getByRole('alert').filter({ hasText: '1 to 1000' }).waitFor();
    assert.equal(sent.length, 0);
    await checkAccessible(page, axe, 'the errors');
    await shot('bad-input');
  },

  async 'a large answer is shown whole'({ page, url }) {
    await page.goto(`${url}/?items=10,20,30&k=100`);
    await answered(page);
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
    assert.ok(await ask(page).isDisabled());
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
    await answered(page);
    await checkAnswer(page, 10);
    await page.locator('.status.COMPLETED').waitFor();
    assert.ok(asked >= 2);
  },

  async 'a shared link answers at once, Back and Forward walk'({ page, url }) {
    const whose = (user) =>
      page.locator('#result-title .of').getByText(user, { exact: true }).waitFor();
    await page.goto(`${url}/?user=user_3`);
    await answered(page);
    await whose('user_3');
    assert.equal(await page.title(), 'user_3 · sasrec');
    await pickUser(page, 'user_5');
    await recommend(page);
    await whose('user_5');
    await page.waitForURL(/\?user=user_5$/);
    await page.goBack();
    await whose('user_3');
    await answered(page);
    assert.equal(await page.title(), 'user_3 · sasrec');
    await page.goForward();
    await whose('user_5');
    await answered(page);
  },

  async 'an answer says whose it is when another user is chosen'({ page, url, shot }) {
    await page.goto(`${url}/?user=user_3`);
    await answered(page);
    await pickUser(page, 'user_5');
    await page.locator('.stale').waitFor();
    await page.getByText('This answer is for user_3.').waitFor();
    await shot('another-user');
    await page.getByRole('button', { name: 'Ask for user_5' }).click();
    await answered(page);
    assert.equal(await page.locator('#result-title .of').textContent(), 'user_5');
  },

  async 'an answer of a model that is no longer in use is faded'({ page, url }) {
    await page.route('**/models', (route) =>
      route.fulfill({ json: { current: 'another', window: 50, item_count: 500 } }),
    );
    await page.goto(`${url}/?user=user_3`);
    await page.getByText('another is in use now.').waitFor();
    assert.equal(await page.locator('.stale').count(), 1);
  },

  async 'what is beyond the window of the model is counted apart'({ page, url, shot }) {
    const window = (await (await fetch(`${url}/models`)).json()).window;
    const items = Array.from({ length: window + 5 }, (_, i) => i + 1);
    await page.goto(`${url}/?items=${items.join(',')}`);
    await answered(page);
    await page.getByText(`the model reads ${window}; 5 beyond its window`).waitFor();
    assert.deepEqual(await historyIds(page, '.beyond'), [5, 4, 3, 2, 1]);
    assert.equal(await fact(page, 'History used'), `${window} items`);
    await shot('window');
  },

  async 'fewer results than asked are explained'({ page, url }) {
    const { item_count } = await (await fetch(`${url}/models`)).json();
    await page.goto(`${url}/?items=1,2,3&k=1000`);
    await answered(page);
    await page.getByText(`instead of 1000: no more are left`).waitFor();
    await checkAnswer(page, item_count - 3);
  },

  async 'what is refused for now is tried again, then the error is gone'({
    page,
    url,
    shot,
    expected,
  }) {
    expected.push('/predict');
    const refusal = problem(503, 'No model yet', 'None was found.');
    await page.route('**/predict', (route) => route.fulfill(refusal));
    await page.goto(`${url}/?items=10,20,30`);
    await page.locator('.notice').getByText('No model yet').waitFor();
    await page.getByText(/Trying again in \d+ s/).waitFor();
    await shot('refused');
    await page.unroute('**/predict');
    await answered(page);
    assert.equal(await page.locator('.notice').count(), 0);
  },

  async 'Retry does not wait'({ page, url, expected }) {
    expected.push('/predict');
    const refusal = { ...problem(503, 'Full', 'A queue is full.') };
    refusal.headers = { 'Retry-After': '600' };
    await page.route('**/predict', (route) => route.fulfill(refusal));
    await page.goto(`${url}/?items=10,20,30`);
    await page.getByText(/Trying again in [56]\d\d s/).waitFor();
    await page.unroute('**/predict');
    await page.getByRole('button', { name: 'Retry' }).click();
    await answered(page);
  },

  async 'no stream: the lamp is asked for instead'({ page, url, expected }) {
    expected.push('/events', '/readyz');
    await page.route('**/events', (route) =>
      route.fulfill(problem(503, 'Full', 'Too many event streams are open.')),
    );
    await page.goto(url);
    await lamp(page).getByText('Ready', { exact: true }).waitFor();
    await page.route('**/readyz?verbose', (route) =>
      route.fulfill({ status: 503, body: '[+]model ok\n[-]postgres failed: no answer\n' }),
    );
    await lamp(page).getByText(/^Degraded: database away since \d\d:\d\d$/).waitFor();
    await page.unroute('**/readyz?verbose');
    await lamp(page).getByText('Ready', { exact: true }).waitFor();
  },

  async 'files are compressed and kept'({ page, url }) {
    const seen = new Map();
    page.on('response', (response) =>
      seen.set(new URL(response.url()).pathname, response.headers()),
    );
    await page.goto(url);
    await page.getByRole('option').first().waitFor();
    const scripts = [...seen].filter(([path]) => /^\/assets\/app-.*\.(js|css)$/.test(path));
    assert.equal(scripts.length, 2);
    for (const [path, headers] of scripts) {
      assert.match(headers['content-encoding'] ?? '', /^(br|gzip)$/, path);
      assert.match(headers['cache-control'], /immutable/, path);
    }
  },

  async 'the interactive API page renders'({ page, url, shot }) {
    await page.goto(`${url}/docs`);
    await page.locator('.opblock').first().waitFor();
    assert.equal(await page.locator('.errors-wrapper').count(), 0);
    await shot('docs');
  },
};
