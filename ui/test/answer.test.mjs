// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import test from 'node:test';
import { partsOf, whyFewer, whyOld } from '../src/answer.js';
import { Problem } from '../src/api.js';
import { retryDelay } from '../src/retry.js';
import { formatScore, scaleOf } from '../src/scores.js';

const asked = { label: 'user_7', body: { user_id: 'user_7', history: [1, 2], k: 3 } };
const result = { item_ids: [5, 6, 7], model_version: 'v1' };
const answer = { asked, result };

test('an answer is old when something else is chosen, or another model in use', () => {
  assert.equal(whyOld(answer, structuredClone(asked), 'v1'), '');
  assert.equal(whyOld(answer, { label: '', body: null }, undefined), '');
  assert.equal(whyOld(answer, { label: 'user_7', body: null }, 'v1'), '');
  assert.match(whyOld(answer, { label: 'user_9', body: null }, 'v1'), /for user_7\.$/);
  assert.match(whyOld(answer, { ...asked, label: 'user_9' }, 'v1'), /for user_7\.$/);
  const fewer = { ...asked, body: { ...asked.body, history: [2] } };
  assert.match(whyOld(answer, fewer, 'v1'), /has changed/);
  assert.match(whyOld(answer, asked, 'v2'), /of model v1; v2 is in use/);
});

test('fewer results than asked are explained', () => {
  assert.equal(whyFewer(answer, 500), '');
  const two = { asked, result: { item_ids: [5, 6] } };
  assert.match(whyFewer(two, 4), /^2 items instead of 3: .* knows 4 items/);
  assert.match(whyFewer({ asked, result: { item_ids: [] } }), /^No item is left/);
});

test('the parts of a history add up', () => {
  assert.deepEqual(partsOf(120, 120, 50), { read: 50, beyond: 70, unused: 0 });
  assert.deepEqual(partsOf(120, 60, 50), { read: 50, beyond: 10, unused: 60 });
  assert.deepEqual(partsOf(20, 3, 50), { read: 3, beyond: 0, unused: 17 });
  assert.deepEqual(partsOf(20, 20, undefined), { read: 20, beyond: 0, unused: 0 });
});

test('what may pass is tried again, later each time', () => {
  const delays = (status, retryAfter) =>
    [0, 1, 2, 9].map((n) => retryDelay(new Problem({ status, retryAfter }), n));
  assert.deepEqual(delays(0), [2000, 4000, 8000, 15000]);
  assert.deepEqual(delays(503, 3), [3000, 4000, 8000, 15000]);
  assert.deepEqual(delays(404), [5000, 5000, 5000, 5000]);
  assert.deepEqual(delays(422), [0, 0, 0, 0]);
});

test('bars start at zero, or a little under the lowest score', () => {
  assert.equal(scaleOf([4, 2]).part(2), 0.5);
  const below = scaleOf([-1, -2]);
  assert.ok(below.start < -2 && below.part(-2) > 0);
  assert.equal(below.part(-1), 1);
  assert.equal(scaleOf([0, 0]).part(0), 1);
  assert.equal(formatScore(-0.5), '-0.500');
  assert.equal(formatScore(12.345), '12.35');
});
