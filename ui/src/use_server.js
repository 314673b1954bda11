// The server as the page knows it: health, the model in use, and an epoch that grows when
// something is back, so that what failed meanwhile is tried again at once.
// SPDX-License-Identifier: Apache-2.0
import { useEffect, useState } from 'preact/hooks';
import { readModels } from './api.js';
import { UNKNOWN, look, recovered } from './health.js';
import { watch } from './watch.js';

export function useServer() {
  const [health, setHealth] = useState(UNKNOWN);
  const [model, setModel] = useState(undefined); // null: none; undefined: not known
  const [epoch, setEpoch] = useState(0);

  useEffect(() => {
    let known = UNKNOWN;
    const readModel = () =>
      readModels().then(
        ({ current, window, item_count }) =>
          setModel(current ? { version: current, window, itemCount: item_count } : null),
        () => {}, // looks tell that the server is away
      );
    readModel();
    return watch({
      model: readModel,
      health(parts) {
        const before = known;
        known = look(before, parts, Date.now());
        setHealth(known);
        if (!recovered(before, known)) return;
        readModel();
        setEpoch((old) => old + 1);
      },
    });
  }, []);
  return { health, model, epoch };
}
