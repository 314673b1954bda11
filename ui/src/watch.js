// How the server is, as it changes. Its stream tells; where there is none (refused by a
// limit, not let through by a proxy) it is asked again and again.
// SPDX-License-Identifier: Apache-2.0
import { readHealth } from './api.js';
import { partsOfEvent } from './health.js';

const CALM_MS = 15_000; // between looks while the stream tells
const EAGER_MS = 2_000; // while it does not
const REOPEN_MS = 10_000; // browsers open a stream again only when it broke

// tell.health(parts | null), tell.model() when another may be in use.
// Returns what ends it. A hidden tab gives its connection back: browsers have few.
export function watch(tell) {
  let stream = null;
  let lookTimer = 0;
  let openTimer = 0;
  let turn = 0; // of the newest look: older ones are late
  let told = false; // by this stream

  const hear = (parts) => {
    turn++;
    clearTimeout(lookTimer);
    tell.health(parts);
    const calm = told && stream?.readyState === EventSource.OPEN;
    lookTimer = setTimeout(look, calm ? CALM_MS : EAGER_MS);
  };
  const look = async () => {
    const mine = ++turn;
    clearTimeout(lookTimer);
    const parts = await readHealth();
    if (mine === turn) hear(parts);
  };
  const broke = () => {
    look();
    if (stream.readyState === EventSource.CLOSED)
      openTimer = setTimeout(open, REOPEN_MS);
  };
  const close = () => {
    turn++;
    clearTimeout(lookTimer);
    clearTimeout(openTimer);
    stream?.close();
    stream = null;
  };
  const open = () => {
    close();
    told = false;
    stream = new EventSource('events');
    stream.addEventListener('open', look);
    stream.addEventListener('error', broke);
    stream.addEventListener('health', (event) => {
      told = true;
      hear(partsOfEvent(JSON.parse(event.data)));
    });
    stream.addEventListener('model', () => {
      tell.model();
      look();
    });
    look();
  };
  const follow = () => (document.hidden ? close() : open());
  document.addEventListener('visibilitychange', follow);
  follow();
  return () => {
    document.removeEventListener('visibilitychange', follow);
    close();
  };
}
