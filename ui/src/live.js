// The result of a request that was accepted: told by the server, or asked for.
// SPDX-License-Identifier: Apache-2.0
import { Problem, readResult } from './api.js';

const EVENT_PATIENCE_MS = 10_000; // then ask instead of listening
const POLL_WAIT_S = 10;
const POLL_PAUSE_MS = 500;
const STATUS_TRIES = 6;

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
      if (!problem.passing) throw problem;
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
