// What people type and what links carry, checked. Pure functions, tested by node --test.
// SPDX-License-Identifier: Apache-2.0

export const HISTORY_LIMIT = 10_000;
export const K_LIMIT = 1_000;
export const K_DEFAULT = 10;

// "10, 20, 30" -> {items:[10,20,30], error:""}. Blanks separate as well as commas, and
// brackets around the whole are forgiven, so that a JSON list can be pasted.
export function parseItems(text) {
  const bare = text.trim().replace(/^\[(.*)\]$/s, '$1');
  const entries = bare.split(/[\s,;]+/).filter((entry) => entry !== '');
  if (entries.length === 0)
    return { items: [], error: 'Enter at least one item id, for example 10, 20, 30.' };
  if (entries.length > HISTORY_LIMIT)
    return {
      items: [],
      error: `${count(entries.length, 'item')}: at most ${HISTORY_LIMIT} can be used.`,
    };
  const bad = entries.findIndex((entry) => !isItemId(entry));
  if (bad >= 0) return { items: [], error: explain(entries[bad], bad + 1) };
  return { items: entries.map(Number), error: '' };
}

function isItemId(entry) {
  return /^\d+$/.test(entry) && Number.isSafeInteger(Number(entry));
}

function explain(entry, position) {
  const shown = entry.length > 24 ? `${entry.slice(0, 24)}…` : entry;
  const why = /^\d+$/.test(entry)
    ? `is too large: item ids end at ${Number.MAX_SAFE_INTEGER}`
    : 'is not an item id: use whole numbers from 0, separated by commas';
  return `Entry ${position}, “${shown}”, ${why}.`;
}

// "" when k is fine, else what is wrong with it.
export function checkK(text) {
  const k = Number(text);
  if (/^\d+$/.test(String(text).trim()) && k >= 1 && k <= K_LIMIT) return '';
  return `Use a whole number from 1 to ${K_LIMIT}.`;
}

export function count(n, noun) {
  return `${n.toLocaleString('en')} ${noun}${n === 1 ? '' : 's'}`;
}

const natural = new Intl.Collator('en', { numeric: true });

// user_2 before user_10.
export const sortUsers = (users) => [...users].sort(natural.compare);

// ?user=user_7&n=12&k=10 or ?items=10,20,30&k=10; n is left out when all is used.
export function readLink(search) {
  const link = new URLSearchParams(search);
  const k = link.get('k') ?? String(K_DEFAULT);
  return {
    mode: link.has('items') && !link.has('user') ? 'manual' : 'user',
    user: link.get('user') ?? '',
    text: (link.get('items') ?? '').split(',').filter(Boolean).join(', '),
    used: /^\d+$/.test(link.get('n') ?? '') ? Number(link.get('n')) : null,
    k: checkK(k) === '' ? k : String(K_DEFAULT),
  };
}

export function writeLink({ mode, user, text, used, k }) {
  const link = new URLSearchParams();
  const { items, error } = parseItems(text);
  if (mode === 'user' && user) link.set('user', user);
  if (mode === 'user' && user && used !== null) link.set('n', used);
  if (mode === 'manual' && !error) link.set('items', items.join(','));
  if (Number(k) !== K_DEFAULT && checkK(k) === '') link.set('k', Number(k));
  const query = link.toString().replaceAll('%2C', ',');
  return query ? `?${query}` : '';
}

// Of the browser's tab, so that tabs and Back's list can be told apart.
export function titleOf({ mode, user, text }) {
  const { items } = parseItems(text);
  const list = items.slice(0, 5).join(', ') + (items.length > 5 ? ', …' : '');
  const subject = mode === 'user' ? user : list;
  return subject ? `${subject} · sasrec` : 'sasrec';
}
