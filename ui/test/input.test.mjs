// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import test from 'node:test';
import { checkK, parseItems, readLink, sortUsers, writeLink } from '../src/input.js';

test('a list separated by commas, blanks and line ends is read', () => {
  assert.deepEqual(parseItems('10, 20,30\n40').items, [10, 20, 30, 40]);
});

test('a pasted JSON list is read', () => {
  assert.deepEqual(parseItems('[10, 20, 30]').items, [10, 20, 30]);
});

test('the largest item id is taken', () => {
  assert.deepEqual(parseItems('0, 9007199254740991').items, [0, 9007199254740991]);
});

test('what is no plain integer is a key', () => {
  for (const entry of ['SKU-12', '-1', '1.0', '0316769487', '٣', '9007199254740992'])
    assert.deepEqual(parseItems(`10, ${entry}`), { items: [10, entry], error: '' });
});

test('a quoted entry is a key, whatever is in it', () => {
  assert.deepEqual(parseItems('"a, b" 7 "7" "say \\"x\\""').items, ['a, b', 7, '7', 'say "x"']);
  assert.deepEqual(parseItems('[10,"SKU-1","0"]').items, [10, 'SKU-1', '0']);
});

test('a bad entry is named with its position', () => {
  assert.match(parseItems('10, "abc').error, /^Entry 2, “"abc”, begins with a quote/);
  for (const entry of ['k'.repeat(129), 'é'.repeat(65), '"a\\u0000b"', '""'])
    assert.match(parseItems(`10 ${entry}`).error, /^Entry 2, .* has a control character, or/);
});

test('an empty input asks for an item', () => {
  for (const text of ['', ' , ', '[]'])
    assert.match(parseItems(text).error, /at least one/);
});

test('a history over the limit is refused', () => {
  assert.match(parseItems('1 '.repeat(10_001)).error, /10,001 items: at most 10000/);
});

test('k is a whole number from 1 to 1000', () => {
  for (const k of ['1', '10', '1000']) assert.equal(checkK(k), '');
  for (const k of ['', '0', '1001', '1.5', '-1', 'ten']) assert.notEqual(checkK(k), '');
});

test('users are in natural order', () => {
  assert.deepEqual(sortUsers(['user_10', 'user_2', 'user_1']), [
    'user_1',
    'user_2',
    'user_10',
  ]);
});

test('a link is what was chosen, there and back', () => {
  const chosen = { mode: 'user', user: 'a b&c', text: '', used: 12, k: '25' };
  assert.deepEqual(readLink(writeLink(chosen)), chosen);
  const typed = { mode: 'manual', user: '', text: '10, 20, 30', used: null, k: '10' };
  assert.equal(writeLink(typed), '?items=10,20,30');
  assert.deepEqual(readLink(writeLink(typed)), typed);
});

test('keys stand in a link', () => {
  const typed = { mode: 'manual', user: '', text: 'SKU-1, "7", "a, b"', used: null, k: '10' };
  assert.deepEqual(readLink(writeLink(typed)), typed);
});

test('nonsense in a link falls back to the defaults', () => {
  assert.deepEqual(readLink('?k=9999&n=-3'), {
    mode: 'user',
    user: '',
    text: '',
    used: null,
    k: '10',
  });
});
