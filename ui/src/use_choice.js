// What was chosen lives in the address as well: it can be shared, and Back and Forward
// walk through what was looked at. SPDX-License-Identifier: Apache-2.0
import { useEffect, useRef, useState } from 'preact/hooks';
import { readLink, titleOf, writeLink } from './input.js';

const LINK_PAUSE_MS = 150; // browsers refuse too many changes of the address

// An entry of the browser's history that is not ours is a link somebody shared.
const entryWantsAnswer = () => window.history.state?.asked ?? location.search !== '';

// A place that was looked at gets an entry of its own; a change on the way does not.
function writeAddress(choice, before, asked) {
  const address = location.pathname + writeLink(choice);
  const here = location.pathname + location.search;
  const wasAsked = window.history.state?.asked ?? false;
  const leaves = wasAsked || (before.user !== '' && before.user !== choice.user);
  if (address !== here && leaves) window.history.pushState({ asked }, '', address);
  else {
    const state = { asked: asked || (address === here && wasAsked) };
    window.history.replaceState(state, '', address);
  }
}

// {choice, change, markAsked, wanted, setWanted}; wanted: an answer is due as soon as the
// choice is complete, without a press of the button.
export function useChoice() {
  const [choice, setChoice] = useState(() => readLink(location.search));
  const [wanted, setWanted] = useState(entryWantsAnswer);
  const written = useRef(choice);
  const change = (part) => setChoice((before) => ({ ...before, ...part }));

  const write = (asked) => {
    if (!asked && written.current === choice) return;
    writeAddress(choice, written.current, asked);
    written.current = choice;
  };
  useEffect(() => {
    document.title = titleOf(choice);
    const timer = setTimeout(() => write(false), LINK_PAUSE_MS);
    return () => clearTimeout(timer);
  }, [choice]);

  useEffect(() => {
    const returned = () => {
      written.current = readLink(location.search);
      setChoice(written.current);
      setWanted(entryWantsAnswer());
    };
    addEventListener('popstate', returned);
    return () => removeEventListener('popstate', returned);
  }, []);
  return { choice, change, wanted, setWanted, markAsked: () => write(true) };
}
