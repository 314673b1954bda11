// What the server tells on its own: the result of one request, and general events.
// SPDX-License-Identifier: Apache-2.0
import { Problem, readResult } from './api.js';

const EVENT_PATIENCE_MS = 10_000; // then ask instead of listening
const POLL_WAIT_S = 10;
const POLL_PAUSE_MS = 500;
const STATUS_TRIES = 6;
const REOPEN_PAUSE_MS = 2_000;

export function pause(ms, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener('abort', () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });
}

// The data of the event, or null when the stream broke or stayed silent.
function listenForResult(id, signal) {
  return new Promise((resolve) => {
    const stream = new EventSource(`events?request_id=${encodeURIComponent(id)}`);
    const timer = setTimeout(() => finish(null), EVENT_PATIENCE_MS);
    const finish = (data) => {
      clearTimeout(timer);
      stream.close();
      resolve(data);
    };
    stream.addEventListener('result', (event) => finish(JSON.parse(event.data)));
    stream.addEventListener('error', () => finish(null));
    signal.addEventListener('abort', () => finish(null));
  });
}

// Asks until there is a result or the row has ended; the server holds each answer back
// for a while. What was accepted will end, so a server that is away is waited for.
async function pollResult(id, signal) {
  for (;;) {
    try {
      const row = await readResult(id, POLL_WAIT_S, signal);
      if (row.result || row.status !== 'PENDING') return row;
    } catch (problem) {
      if (problem.status !== 0 && problem.status !== 503) throw problem;
    }
    await pause(POLL_PAUSE_MS, signal);
  }
}

// The result of a request that was accepted: {result, status}. The event may come
// before the row is committed, so it says nothing about the status.
export async function awaitResult(id, signal) {
  const event = await listenForResult(id, signal);
  signal.throwIfAborted();
  const answer = event ?? (await pollResult(id, signal));
  if (!answer.result)
    throw new Problem({
      title: answer.status === 'EXPIRED' ? 'The request expired' : 'The request failed',
      detail: answer.error ?? 'The server gave no reason.',
    });
  return { result: answer.result, status: event ? 'PENDING' : answer.status };
}

// The status in the row once it is final, or PENDING when we lose patience.
export async function finalStatus(id, signal) {
  for (let tries = 0; tries < STATUS_TRIES; tries++) {
    const { status } = await readResult(id, POLL_WAIT_S, signal);
    if (status !== 'PENDING') return status;
    await pause(POLL_PAUSE_MS, signal);
  }
  return 'PENDING';
}

// General events. A hidden tab gives its connection back: browsers have few of them per
// host. A stream that was refused is opened again by us; the browser only does so for
// one that broke. tell.state("live" | "lost"), tell.model(). Returns what ends it.
export function subscribe(tell) {
  let stream = null;
  let timer = 0;
  const close = () => {
    clearTimeout(timer);
    stream?.close();
    stream = null;
  };
  const lost = () => {
    tell.state('lost');
    if (stream.readyState === EventSource.CLOSED)
      timer = setTimeout(open, REOPEN_PAUSE_MS);
  };
  const open = () => {
    close();
    stream = new EventSource('events');
    stream.addEventListener('open', () => tell.state('live'));
    stream.addEventListener('error', lost);
    stream.addEventListener('model', () => tell.model());
  };
  const follow = () => (document.hidden ? close() : open());
  document.addEventListener('visibilitychange', follow);
  follow();
  return () => {
    document.removeEventListener('visibilitychange', follow);
    close();
  };
}
