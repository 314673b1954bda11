// The page: what was chosen on the left, its history and the answer on the right.
// SPDX-License-Identifier: Apache-2.0
import { useEffect, useRef, useState } from 'preact/hooks';
import { HISTORY_LIMIT, parseItems, readLink, writeLink } from './input.js';
import { Controls } from './controls.jsx';
import { Header } from './header.jsx';
import { HistoryPanel } from './history_panel.jsx';
import { ResultPanel } from './result_panel.jsx';
import { useHistory } from './use_history.js';
import { useRun } from './use_run.js';
import { useServer } from './use_server.js';

const LINK_PAUSE_MS = 150;

// The history as it will be sent, and how much of it there is.
function chosenHistory(choice, history) {
  const all =
    choice.mode === 'user' ? (history.items ?? []) : parseItems(choice.text).items;
  const most = Math.min(all.length, HISTORY_LIMIT);
  const limited = choice.mode === 'user' && choice.used !== null;
  const used = limited ? Math.min(choice.used, most) : most;
  return { all, most, used, items: all.slice(all.length - used) };
}

function requestOf(choice, chosen) {
  const body = { history: chosen.items, k: Number(choice.k) };
  if (choice.mode === 'manual')
    return { body, label: 'your list', of: chosen.all.length };
  body.user_id = choice.user;
  return { body, label: choice.user, of: chosen.all.length };
}

// What was chosen lives in the address as well, so that it can be shared.
function useChoice() {
  const [choice, setChoice] = useState(() => readLink(location.search));
  const change = (part) => setChoice((before) => ({ ...before, ...part }));

  // Not at each step of the slider: browsers refuse too many changes of the address.
  useEffect(() => {
    const write = () =>
      window.history.replaceState(null, '', location.pathname + writeLink(choice));
    const timer = setTimeout(write, LINK_PAUSE_MS);
    return () => clearTimeout(timer);
  }, [choice]);
  return [choice, change];
}

export function App() {
  const server = useServer();
  const [choice, change] = useChoice();
  const manual = choice.mode === 'manual';
  const history = useHistory(manual ? '' : choice.user, server.epoch);
  const { run, start, cancel } = useRun();
  const answer = useRef(null);
  const chosen = chosenHistory(choice, history);

  const submit = () => {
    start(requestOf(choice, chosen));
    if (matchMedia('(max-width: 55rem)').matches) answer.current.scrollIntoView();
  };
  return (
    <>
      <Header server={server} />
      <main class="columns">
        <Controls
          choice={choice}
          chosen={chosen}
          ready={manual || history.items !== null}
          epoch={server.epoch}
          busy={run.phase === 'waiting'}
          onChange={change}
          onSubmit={submit}
        />
        <div class="answers">
          <HistoryPanel
            title={manual ? 'Your list' : choice.user}
            items={chosen.all}
            used={chosen.used}
            loading={history.loading}
            problem={history.problem}
            empty={emptyHistory(choice, history)}
          />
          <div ref={answer}>
            <ResultPanel run={run} onCancel={cancel} />
          </div>
        </div>
      </main>
    </>
  );
}

function emptyHistory(choice, history) {
  if (choice.mode === 'manual') return 'The items you type appear here.';
  if (!choice.user) return 'Pick a user to see what they chose before.';
  return history.items ? 'This user has no history: popular items will be shown.' : '';
}
