// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import test from 'node:test';
import { UNKNOWN, lampOf, look, parseHealth, partsOfEvent, recovered } from '../src/health.js';

const NOON = new Date(2026, 10, 26, 12, 0).getTime();
const MINUTE = 60_000;
const parts = (...lines) => parseHealth(lines.join('\n'));
const WELL = parts('[+]postgres ok', '[+]model ok: 20261126-060700.123');
const NO_DATABASE = parts(
  '[-]postgres failed: no answer',
  '[-]schema failed: unknown',
  '[+]model ok',
);
const after = (...looks) =>
  looks.reduce((before, each, i) => look(before, each, NOON + i * MINUTE), UNKNOWN);

test('each line is a part', () => {
  assert.deepEqual(parts('[+]http ok', '[-]model failed: no checkpoint: train one'), [
    { name: 'http', ok: true, since: 0, reason: '' },
    { name: 'model', ok: false, since: 0, reason: 'no checkpoint: train one' },
  ]);
});

test('a part says since when', () => {
  const [part] = parts('[-]postgres failed since 2026-11-26T06:07:00Z: no answer');
  assert.equal(part.since, Date.parse('2026-11-26T06:07:00Z'));
  assert.equal(part.reason, 'no answer');
});

test('what a proxy says of nobody is no health', () => {
  assert.equal(parseHealth('<html><h1>502 Bad Gateway</h1></html>'), null);
  assert.equal(parseHealth(''), null);
});

test('an event has the same parts', () => {
  const check = { name: 'model', ok: true, required: true, reason: '' };
  const event = (ready, since) =>
    partsOfEvent({ ready, reason: 'stopping', checks: [{ ...check, since }] });
  assert.deepEqual(event(true, null), [{ ...check, since: 0 }]);
  const [model, process] = event(false, '2026-11-26T06:07:00.000Z');
  assert.equal(model.since, Date.parse('2026-11-26T06:07:00Z'));
  assert.deepEqual(process, { name: 'process', ok: false, since: 0, reason: 'stopping' });
});

test('the lamp names what is away, and since when', () => {
  const lamp = (...looks) => lampOf(after(...looks), NOON + 5 * MINUTE);
  assert.deepEqual(lamp(), { level: 'unknown', text: 'Connecting…' });
  assert.deepEqual(lamp(WELL), { level: 'ready', text: 'Ready' });
  assert.deepEqual(lamp(WELL, NO_DATABASE, NO_DATABASE), {
    level: 'degraded',
    text: `Degraded: database away since ${clock(1)}`,
  });
  assert.deepEqual(lamp(parts('[-]model failed: none')), {
    level: 'down',
    text: `Not ready: no model since ${clock(0)}`,
  });
  assert.deepEqual(lamp(WELL, null, null), {
    level: 'down',
    text: `Server away since ${clock(1)}`,
  });
  assert.equal(lamp(parts('[-]process failed: stopping')).level, 'down');
});

const clock = (minute) => `12:0${minute}`;

test('what the server says about since counts', () => {
  const since = new Date(2026, 10, 26, 9, 5).toISOString();
  const line = `[-]kafka failed since ${since}: no broker`;
  const at = (now) => lampOf(look(UNKNOWN, parts(line), now), now).text;
  assert.match(at(NOON), /: Kafka away since 09:05$/);
  assert.match(at(NOON + 1440 * MINUTE), /: Kafka away since 26 Nov, 09:05$/);
});

test('recovered is: something that was away is back', () => {
  const steps = (...looks) => recovered(after(...looks.slice(0, -1)), after(...looks));
  assert.ok(!steps(WELL));
  assert.ok(!steps(WELL, NO_DATABASE));
  assert.ok(!steps(NO_DATABASE, NO_DATABASE));
  assert.ok(!steps(WELL, null));
  assert.ok(steps(NO_DATABASE, WELL));
  assert.ok(steps(WELL, null, WELL));
  assert.ok(steps(NO_DATABASE, null, NO_DATABASE));
});
