// The server as the page knows it: health, the model in use, whether it wants a key, and an
// epoch that grows when something is back, so that what failed meanwhile is tried again at
// once.
// SPDX-License-Identifier: Apache-2.0
import { useEffect, useState } from 'preact/hooks';
import { onKeyNeeded, readModels } from './api.js';
import { UNKNOWN, look, recovered } from './health.js';
import { watch } from './watch.js';

export function useServer() {
  const [health, setHealth] = useState(UNKNOWN);
  const [model, setModel] = useState(undefined); // null: none; undefined: not known
  const [epoch, setEpoch] = useState(0);
  const [keyNeeded, setKeyNeeded] = useState(false);
  const [session, setSession] = useState(0); // how many were opened

  useEffect(() => {
    onKeyNeeded(() => setKeyNeeded(true));
    return () => onKeyNeeded(() => {});
  }, []);
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
  }, [session]);

  const signedIn = () => {
    setKeyNeeded(false);
    setSession((old) => old + 1);
    setEpoch((old) => old + 1);
  };
  return { health, model, epoch, keyNeeded, signedIn };
}
