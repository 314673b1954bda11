// One request from the button to its row: idle, waiting, done or failed. A new request
// ends the one before, whose answer stays, faded (stale), until the new one is there.
// SPDX-License-Identifier: Apache-2.0
import { useEffect, useRef, useState } from 'preact/hooks';
import { predict, readItems } from './api.js';
import { awaitResult, finalStatus } from './live.js';

const IDLE = { phase: 'idle' };
const SLOW_MS = 250; // a wait below this is not worth a word

async function carryOut(asked, signal, tell) {
  const startedAt = performance.now();
  const requestId = await predict(asked.body, signal);
  tell({ requestId });
  const { result, status } = await awaitResult(requestId, signal);
  const roundTripMs = performance.now() - startedAt;
  await readItems(result.item_ids, signal).catch(() => {}); // else ids are shown
  tell({ phase: 'done', stale: null, result, roundTripMs, status });
  if (status === 'PENDING')
    await finalStatus(requestId, signal).then(
      (now) => tell({ status: now }),
      () => {},
    );
}

export function useRun() {
  const [run, setRun] = useState(IDLE);
  const aborter = useRef(null);

  const cancel = () => {
    aborter.current?.abort();
    setRun(IDLE);
  };
  const start = (asked) => {
    aborter.current?.abort();
    const { signal } = (aborter.current = new AbortController());
    const tell = (part) =>
      signal.aborted || setRun((before) => ({ ...before, ...part }));
    const show = setTimeout(() => tell({ slow: true }), SLOW_MS);
    setRun((before) => ({
      phase: 'waiting',
      asked,
      stale: before.phase === 'done' ? before : before.stale,
    }));
    carryOut(asked, signal, tell)
      .catch((problem) => tell({ phase: 'failed', problem }))
      .finally(() => clearTimeout(show));
  };
  useEffect(() => () => aborter.current?.abort(), []);
  return { run, start, cancel };
}
