// The history of a user, read again when the server comes back (epoch).
// SPDX-License-Identifier: Apache-2.0
import { useEffect, useState } from 'preact/hooks';
import { readHistory } from './api.js';

const NONE = { items: null, loading: false, problem: null };

export function useHistory(user, epoch) {
  const [history, setHistory] = useState(NONE);
  useEffect(() => {
    if (!user) {
      setHistory(NONE);
      return undefined;
    }
    const aborter = new AbortController();
    setHistory({ ...NONE, loading: true });
    readHistory(user, aborter.signal)
      .then((items) => setHistory({ ...NONE, items }))
      .catch((problem) => {
        if (!aborter.signal.aborted) setHistory({ ...NONE, problem });
      });
    return () => aborter.abort();
  }, [user, epoch]);
  return history;
}
