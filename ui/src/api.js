// The HTTP API as functions. Each throws a Problem when the server says no or is away.
// Addresses are relative: a proxy may have put us under a prefix.
// SPDX-License-Identifier: Apache-2.0
import { parseHealth } from './health.js';

const LOOK_PATIENCE_MS = 5_000;
const ITEMS_PER_CALL = 100;

export class Problem extends Error {
  constructor({ title, detail = '', kind = '', status = 0, retryAfter = 0 }) {
    super(title);
    this.title = title;
    this.detail = detail;
    this.kind = kind; // last part of the type's URI: "overloaded", "unavailable"
    this.status = status; // 0: no answer at all
    this.retryAfter = retryAfter; // seconds, 0: not said
  }

  // The same request may be answered later.
  get passing() {
    return [0, 429, 502, 503, 504].includes(this.status);
  }
}

async function problemOf(response) {
  const said = await response.json().catch(() => ({}));
  return new Problem({
    title: said.title ?? `The server answered ${response.status}`,
    detail: said.detail ?? response.statusText,
    kind: String(said.type ?? '')
      .split('/')
      .pop(),
    status: response.status,
    retryAfter: Number(response.headers.get('Retry-After')) || 0,
  });
}

let keyNeeded = () => {};

// tell() whenever the server asks for a key: there is no session, or it has ended.
export function onKeyNeeded(tell) {
  keyNeeded = tell;
}

async function call(path, options) {
  let response;
  try {
    response = await fetch(path, options);
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    throw new Problem({
      title: 'The server does not answer',
      detail: 'It may be restarting, or the network is down.',
    });
  }
  if (response.ok) return response.json();
  const problem = await problemOf(response);
  if (problem.kind === 'key-needed') keyNeeded();
  throw problem;
}

// The browser keeps the session, out of every script's reach.
export const openSession = (key) =>
  call('session', { method: 'POST', headers: { Authorization: `Bearer ${key}` } });

const part = encodeURIComponent;

export const listUsers = (prefix, limit, signal) =>
  call(`users?limit=${limit}${prefix && `&prefix=${part(prefix)}`}`, { signal });

export const readHistory = (user, signal) =>
  call(`users/${part(user)}/history`, { signal }).then((answer) => answer.items);

export const readModels = () => call('models');

// The parts of the server (health.js), or null when nobody answers.
export async function readHealth() {
  const signal = AbortSignal.timeout(LOOK_PATIENCE_MS);
  try {
    const response = await fetch('readyz?verbose', { signal });
    return parseHealth(await response.text());
  } catch {
    return null;
  }
}

export const predict = (body, signal) =>
  call('predict', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
    signal,
  }).then((answer) => answer.request_id);

export const readResult = (id, waitSeconds, signal) =>
  call(`result/${part(id)}`, {
    headers: { Prefer: `wait=${waitSeconds}` },
    signal,
  });

const known = new Map(); // item id, or key -> item, or null when it has no row

// A key with a comma cannot be asked for in a list.
async function fetchItems(ids, signal) {
  const askable = ids.filter((id) => !String(id).includes(','));
  const found =
    askable.length > 0
      ? await call(`items?ids=${askable.map(part).join(',')}`, { signal })
      : [];
  for (const id of ids) known.set(id, null);
  for (const item of found) {
    known.set(item.item_id, item);
    if (item.item_key) known.set(item.item_key, item);
  }
}

// A map from item id or key to {item_id, name, title, category}; an item without a title
// has its name.
export async function readItems(ids, signal) {
  const missing = [...new Set(ids)].filter((id) => !known.has(id));
  for (let i = 0; i < missing.length; i += ITEMS_PER_CALL)
    await fetchItems(missing.slice(i, i + ITEMS_PER_CALL), signal);
  return new Map(ids.map((id) => [id, itemOf(id)]));
}

// name: what people call it, its key or else its id; key: where an answer has told it.
export function itemOf(id, key) {
  const item = known.get(id);
  const name = key ?? item?.item_key ?? id;
  return {
    item_id: id,
    name,
    title: item?.title ?? `Item ${name}`,
    category: item?.category ?? '',
  };
}
