// What is read from the server: read again when it failed (with a time for a countdown),
// when the server is back, and now and then, because others write as well.
// SPDX-License-Identifier: Apache-2.0
import { useEffect, useState } from 'preact/hooks';
import { retryDelay } from './retry.js';

const NONE = { key: null, value: null, problem: null, retryAt: 0 };

// key: what is read, null for nothing; read(signal): a promise; pauseMs: before the first
// try; againMs(value): until it is read once more. Returns {value, fresh, loading,
// problem, retryAt, retry}; a value that is not fresh is of the key before.
export function useResource(key, read, { epoch, pauseMs = 0, againMs }) {
  const [state, setState] = useState(NONE);
  const [turn, setTurn] = useState(0);

  useEffect(() => {
    if (key === null) {
      setState(NONE);
      return undefined;
    }
    const aborter = new AbortController();
    let timer = 0;
    let failures = 0;
    const plan = (ms) => {
      timer = setTimeout(load, ms);
    };
    const done = (value) => {
      failures = 0;
      setState({ key, value, problem: null, retryAt: 0 });
      plan(againMs(value));
    };
    const failed = (problem) => {
      if (aborter.signal.aborted) return;
      const ms = retryDelay(problem, failures++);
      const retryAt = ms && Date.now() + ms;
      setState((before) => ({
        key,
        value: before.key === key && problem.passing ? before.value : null,
        problem,
        retryAt,
      }));
      if (ms) plan(ms);
    };
    const load = () => read(aborter.signal).then(done, failed);
    if (pauseMs) plan(pauseMs);
    else load();
    return () => {
      clearTimeout(timer);
      aborter.abort();
    };
  }, [key, epoch, turn]);

  const fresh = state.key === key;
  return {
    ...state,
    problem: fresh ? state.problem : null,
    fresh,
    loading: key !== null && !fresh,
    retry: () => setTurn((before) => before + 1),
  };
}
