// One request from the button to its row. A new one ends the one before, whose answer
// stays until the new one is there. What failed for now is tried again.
// SPDX-License-Identifier: Apache-2.0
import { useEffect, useRef, useState } from 'preact/hooks';
import { predict, readItems } from './api.js';
import { awaitResult, finalStatus } from './live.js';
import { retryDelay } from './retry.js';

const SLOW_MS = 250; // a wait below this is not worth a word

// phase: idle, waiting, failed or done. asked: {label, body, of}, the newest request;
// answer: the newest one that came, with what was asked for it.
const IDLE = { phase: 'idle', asked: null, answer: null, problem: null, retryAt: 0 };

async function carryOut(asked, signal, tell) {
  const startedAt = performance.now();
  const requestId = await predict(asked.body, signal);
  tell({ requestId });
  const { result, status } = await awaitResult(requestId, signal);
  const roundTripMs = performance.now() - startedAt;
  await readItems(result.item_ids, signal).catch(() => {}); // else ids are shown
  const answer = { asked, requestId, result, roundTripMs, status };
  tell({ phase: 'done', problem: null, retryAt: 0, answer });
  if (status !== 'PENDING') return;
  const last = await finalStatus(requestId, signal).catch(() => status);
  tell({ answer: { ...answer, status: last } });
}

export function useRun(epoch) {
  const [run, setRun] = useState(IDLE);
  const current = useRef({ aborter: null, timer: 0, failures: 0 }).current;

  const stop = () => {
    current.aborter?.abort();
    clearTimeout(current.timer);
  };
  const attempt = (asked) => {
    stop();
    current.aborter = new AbortController();
    const { signal } = current.aborter;
    const tell = (part) => signal.aborted || setRun((old) => ({ ...old, ...part }));
    const slow = setTimeout(() => tell({ slow: true }), SLOW_MS);
    tell({ phase: 'waiting', asked, requestId: '', slow: false });
    carryOut(asked, signal, tell)
      .catch((problem) => {
        if (signal.aborted) return;
        const ms = problem.passing ? retryDelay(problem, current.failures++) : 0;
        tell({ phase: 'failed', problem, retryAt: ms && Date.now() + ms });
        if (ms) current.timer = setTimeout(() => attempt(asked), ms);
      })
      .finally(() => clearTimeout(slow));
  };
  const start = (asked) => {
    current.failures = 0;
    setRun((old) => ({ ...old, problem: null, retryAt: 0 }));
    attempt(asked);
  };
  const cancel = () => {
    stop();
    setRun((old) => ({ ...IDLE, phase: old.answer ? 'done' : 'idle', answer: old.answer }));
  };
  useEffect(() => {
    if (run.phase === 'failed' && run.retryAt) attempt(run.asked);
  }, [epoch]);
  useEffect(() => stop, []);
  return { run, start, cancel };
}
