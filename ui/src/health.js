// How the server is, part by part, and what its lamp says. Pure functions.
// SPDX-License-Identifier: Apache-2.0

const LINE = /^\[([+-])\](\S+) (?:ok|failed)(?: since (\S+?))?(?:: (.*))?$/;
const DAY_MS = 86_400_000;

// What a part is called, and what it means when it fails.
const PARTS = {
  postgres: ['Database', 'database away'],
  schema: ['Database schema', 'database schema missing or old'],
  model: ['Model', 'no model'],
  kafka: ['Kafka', 'Kafka away'],
  http: ['HTTP', 'HTTP not listening'],
  keys: ['API keys', 'no API key'],
  process: ['Process', 'stopping'],
};

export const partName = ({ name }) => PARTS[name]?.[0] ?? name;
const meaning = ({ name }) => PARTS[name]?.[1] ?? `${name} failing`;

// The text of /readyz?verbose -> [{name, ok, since: ms or 0, reason}]. Null when it is
// not ours, but a proxy's that found nobody behind it.
export function parseHealth(text) {
  const found = text.split('\n').map((line) => LINE.exec(line));
  const parts = found.filter(Boolean).map(([, sign, name, since, reason]) => ({
    name,
    ok: sign === '+',
    since: Date.parse(since) || 0,
    reason: reason ?? '',
  }));
  return parts.length > 0 ? parts : null;
}

// The data of an event "health" -> the same.
export function partsOfEvent({ reason, ready, checks }) {
  const parts = checks.map(({ since, ...check }) => ({
    ...check,
    since: Date.parse(since) || 0,
  }));
  const stopping = !ready && parts.every((part) => part.ok || !part.required);
  if (stopping) parts.push({ name: 'process', ok: false, since: 0, reason });
  return parts;
}

export const UNKNOWN = { reached: undefined, since: 0, parts: [] };

// The state after a look: parts as parsed, null when nobody answered. What did not say
// since when it is so, is so since we first saw it.
export function look(before, parts, now) {
  const reached = parts !== null;
  const since = reached === before.reached ? before.since : now;
  if (!reached) return { ...before, reached, since };
  const dated = parts.map((part) => {
    const was = before.parts.find(({ name }) => name === part.name);
    return { ...part, since: part.since || (was?.ok === part.ok ? was.since : now) };
  });
  return { reached, since, parts: dated };
}

// Of a database that is away nothing more is known: its schema is not news.
function failing({ parts }) {
  const away = parts.filter((part) => !part.ok);
  const database = away.some(({ name }) => name === 'postgres');
  return away.filter(({ name }) => !(database && name === 'schema'));
}

// True when something is back that was away: what failed is worth another try.
export function recovered(before, now) {
  if (!now.reached) return false;
  if (before.reached === false) return true;
  const away = failing(now).map((part) => part.name);
  return failing(before).some((part) => !away.includes(part.name));
}

export function timeOf(ms, now = Date.now()) {
  const clock = { hour: '2-digit', minute: '2-digit' };
  const day = now - ms > DAY_MS ? { month: 'short', day: 'numeric' } : {};
  return new Date(ms).toLocaleString('en-GB', { ...day, ...clock });
}

// {level: "ready" | "degraded" | "down" | "unknown", text}
export function lampOf(health, now = Date.now()) {
  const at = (ms) => timeOf(ms, now);
  if (health.reached === undefined) return { level: 'unknown', text: 'Connecting…' };
  if (!health.reached)
    return { level: 'down', text: `Server away since ${at(health.since)}` };
  const away = failing(health);
  if (away.length === 0) return { level: 'ready', text: 'Ready' };
  const what = away
    .map((part) => `${meaning(part)} since ${at(part.since)}`)
    .join(', ');
  if (away.some(({ name }) => name === 'model' || name === 'process'))
    return { level: 'down', text: `Not ready: ${what}` };
  return { level: 'degraded', text: `Degraded: ${what}` };
}
