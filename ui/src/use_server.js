// The state of the server: connection, and the model in use. The epoch grows when the
// server comes back, so that what failed meanwhile is read again.
// SPDX-License-Identifier: Apache-2.0
import { useEffect, useState } from 'preact/hooks';
import { readModels } from './api.js';
import { subscribe } from './live.js';

export function useServer() {
  const [state, setState] = useState('lost'); // or "live"
  const [model, setModel] = useState(undefined); // version; null: none; undefined: unknown
  const [epoch, setEpoch] = useState(0);

  useEffect(() => {
    let lost = false;
    const readModel = () =>
      readModels().then(
        (answer) => setModel(answer.current ?? null),
        (problem) => setModel(problem.status === 503 ? null : undefined),
      );
    readModel();
    return subscribe({
      model: readModel,
      state(now) {
        setState(now);
        if (now === 'live' && lost) {
          readModel();
          setEpoch((before) => before + 1);
        }
        lost = now === 'lost';
      },
    });
  }, []);
  return { state, model, epoch };
}
