// What people type and what links carry, checked. Pure functions, tested by node --test.
// SPDX-License-Identifier: Apache-2.0

export const HISTORY_LIMIT = 10_000;
export const K_LIMIT = 1_000;
export const K_DEFAULT = 10;

// '10, SKU-7, "a, b"' -> {items:[10,"SKU-7","a, b"],error:""}: numbers are integers, what
// is none is a key; quoted it is one whatever it looks like. Blanks separate as well as
// commas, and brackets around the whole are forgiven, so that a JSON list can be pasted.
export function parseItems(text) {
  const bare = text.trim().replace(/^\[(.*)\]$/s, '$1');
  const entries = bare.match(/"(?:[^"\\]|\\.)*"|[^\s,;]+/gs) ?? [];
  if (entries.length === 0)
    return { items: [], error: 'Enter at least one item, for example 10, 20, 30.' };
  if (entries.length > HISTORY_LIMIT)
    return {
      items: [],
      error: `${count(entries.length, 'item')}: at most ${HISTORY_LIMIT} can be used.`,
    };
  const items = entries.map(itemOfEntry);
  const bad = items.findIndex((item) => item === null || !isItem(item));
  if (bad >= 0) return { items: [], error: explain(entries[bad], items[bad], bad + 1) };
  return { items, error: '' };
}

// null: it begins as a quoted one, and is none.
function itemOfEntry(entry) {
  if (isItemId(entry)) return Number(entry);
  if (!entry.startsWith('"')) return entry;
  try {
    return JSON.parse(entry);
  } catch {
    return null;
  }
}

// As an integer is written plainly.
function isItemId(entry) {
  return /^(0|[1-9]\d*)$/.test(entry) && Number.isSafeInteger(Number(entry));
}

const KEY_LIMIT = 128; // bytes
const bytesOf = (text) => new TextEncoder().encode(text).length;

function isItem(item) {
  if (typeof item === 'number') return true;
  return bytesOf(item) >= 1 && bytesOf(item) <= KEY_LIMIT && !/\p{Cc}/u.test(item);
}

function explain(entry, item, position) {
  const shown = entry.length > 24 ? `${entry.slice(0, 24)}…` : entry;
  let why = `has a control character, or not 1 to ${KEY_LIMIT} bytes: such a key there is not`;
  if (item === null) why = 'begins with a quote and does not end with one';
  return `Entry ${position}, “${shown}”, ${why}.`;
}

// As parseItems reads it.
export function showItem(item) {
  const plain = typeof item === 'number' || (!/[\s,;"\\[\]]/.test(item) && !isItemId(item));
  return plain ? String(item) : JSON.stringify(item);
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
    text: textOf(link.get('items') ?? ''),
    used: /^\d+$/.test(link.get('n') ?? '') ? Number(link.get('n')) : null,
    k: checkK(k) === '' ? k : String(K_DEFAULT),
  };
}

const textOf = (list) => {
  const { items, error } = parseItems(list);
  return error ? list : items.map(showItem).join(', ');
};

export function writeLink({ mode, user, text, used, k }) {
  const link = new URLSearchParams();
  const { items, error } = parseItems(text);
  if (mode === 'user' && user) link.set('user', user);
  if (mode === 'user' && user && used !== null) link.set('n', used);
  if (mode === 'manual' && !error) link.set('items', items.map(showItem).join(','));
  if (Number(k) !== K_DEFAULT && checkK(k) === '') link.set('k', Number(k));
  const query = link.toString().replaceAll('%2C', ',');
  return query ? `?${query}` : '';
}

// Of the browser's tab, so that tabs and Back's list can be told apart.
export function titleOf({ mode, user, text }) {
  const { items } = parseItems(text);
  const list = items.slice(0, 5).map(showItem).join(', ') + (items.length > 5 ? ', …' : '');
  const subject = mode === 'user' ? user : list;
  return subject ? `${subject} · sasrec` : 'sasrec';
}
