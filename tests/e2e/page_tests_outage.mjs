// Parts of the server go and come back while the page is open; it is right without a
// reload. SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { answered, ask, lamp, pickUser, recommend } from './browser_steps.mjs';

const AWAY_MS = 20_000; // until it is noticed, or over

const says = (page, text) =>
  lamp(page).getByText(text, { exact: true }).waitFor({ timeout: AWAY_MS });

// Opens the page, and gives what fails when it was loaded again.
async function open(page, address) {
  await page.goto(address);
  await says(page, 'Ready');
  await page.evaluate(() => (window.sameDocument = true));
  return async () =>
    assert.ok(await page.evaluate(() => window.sameDocument), 'the page was reloaded');
}

const noErrors = async (page) => {
  await page.waitForFunction(() => !document.querySelector('.notice:not(.mild)'));
};

export const tests = {
  async 'the database goes and comes back'({ page, url, shot, expected, control }) {
    expected.push('/');
    const isSame = await open(page, `${url}/?user=user_7`);
    await answered(page);
    await control('postgres', 'stop');
    await says(page, /^Degraded: database away since \d\d:\d\d$/);
    await page.getByRole('option', { name: 'user_9', exact: true }).click();
    await page.getByText(/Trying again in \d+ s/).first().waitFor();
    await page.getByText('This answer is for user_7.').waitFor();
    await shot('no-database');
    await control('postgres', 'start');
    await says(page, 'Ready');
    await page.locator('.history li').first().waitFor({ timeout: AWAY_MS });
    await noErrors(page);
    await recommend(page);
    await isSame();
  },

  async 'the server goes and comes back'({ page, url, shot, expected, control }) {
    expected.push('/');
    const isSame = await open(page, `${url}/?items=10,20,30`);
    await answered(page);
    await control('server', 'stop');
    await says(page, /^Server away since \d\d:\d\d$/);
    await ask(page).click();
    await page.locator('.notice').getByText('The server does not answer').waitFor();
    await shot('no-server');
    const before = await page.locator('.facts a').textContent();
    await control('server', 'start');
    await says(page, 'Ready');
    await answered(page, before);
    await noErrors(page);
    await isSame();
  },

  async 'a key is asked for once there is one'({ page, url, shot, expected, control }) {
    expected.push('/');
    const isSame = await open(page, `${url}/?user=user_7`);
    await answered(page);
    const key = await control('keys', 'start');
    await ask(page).click();
    const field = page.getByLabel('API key');
    await field.waitFor();
    await shot('sign-in');
    await field.fill(`${key.slice(0, -1)}!`);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.locator('.notice').getByText('An API key is needed here').waitFor();
    await field.fill(key);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.locator('.history li').first().waitFor({ timeout: AWAY_MS });
    await recommend(page);
    const cookies = await page.evaluate(() => document.cookie);
    assert.ok(!cookies.includes('sasrec'), 'a script can read the session');
    await isSame();
    await control('keys', 'stop');
  },

  async 'no model, then one'({ page, url, shot, expected, control }) {
    expected.push('/');
    const isSame = await open(page, `${url}/?user=user_7`);
    await answered(page);
    await control('model', 'stop');
    await says(page, /^Not ready: no model since \d\d:\d\d$/);
    const before = await page.locator('.facts a').textContent();
    await ask(page).click();
    await page.locator('.notice').getByText('no model', { exact: false }).waitFor();
    await shot('no-model');
    await control('model', 'start');
    await says(page, 'Ready');
    await answered(page, before);
    await noErrors(page);
    await isSame();
  },

  async 'users appear'({ page, url, shot, control }) {
    await control('users', 'stop');
    const isSame = await open(page, url);
    await page.getByText('No users yet').waitFor();
    await shot('no-users');
    await control('users', 'start');
    await page.getByRole('option').first().waitFor({ timeout: AWAY_MS });
    await pickUser(page, 'user_2');
    await recommend(page);
    await isSame();
  },
};
