// The page: what was chosen on the left, its history and the answer on the right.
// SPDX-License-Identifier: Apache-2.0
import { useEffect, useRef } from 'preact/hooks';
import { readHistory } from './api.js';
import { Controls } from './controls.jsx';
import { Header } from './header.jsx';
import { HistoryPanel } from './history_panel.jsx';
import { checkK, HISTORY_LIMIT, parseItems } from './input.js';
import { ResultPanel } from './result_panel.jsx';
import { SignIn } from './sign_in.jsx';
import { useChoice } from './use_choice.js';
import { useResource } from './use_resource.js';
import { useRun } from './use_run.js';
import { useServer } from './use_server.js';

const AGAIN_MS = 30_000;
const TYPED = {}; // a typed list is not read from anywhere

function useHistory({ mode, user }, epoch) {
  const key = mode === 'user' && user ? user : null;
  const history = useResource(key, (signal) => readHistory(user, signal), {
    epoch,
    againMs: () => AGAIN_MS,
  });
  return { ...history, value: history.fresh ? history.value : null };
}

// The history as it will be sent, and how much of it there is.
function chosenHistory(choice, history) {
  const manual = choice.mode === 'manual';
  const { items, error } = parseItems(choice.text);
  const all = manual ? items : (history.value ?? []);
  const most = Math.min(all.length, HISTORY_LIMIT);
  const limited = !manual && choice.used !== null;
  const used = limited ? Math.min(choice.used, most) : most;
  const ready = manual ? error === '' : history.value !== null;
  return { all, most, used, ready, items: all.slice(all.length - used) };
}

// What would be asked now; without a body while something is missing or wrong.
function requestOf(choice, chosen) {
  const manual = choice.mode === 'manual';
  const asked = { label: manual ? 'your list' : choice.user, of: chosen.all.length };
  if (!chosen.ready || checkK(choice.k) !== '') return { ...asked, body: null };
  const body = { history: chosen.items, k: Number(choice.k) };
  return { ...asked, body: manual ? body : { ...body, user_id: choice.user } };
}

// Where the answer is below what asks for it, it is brought into view: at once, and when
// it is there, because only then the page is long enough.
function useShown(element, run) {
  useEffect(() => {
    const below = matchMedia('(max-width: 45rem)').matches;
    if (below && (run.phase === 'waiting' || run.phase === 'done'))
      element.current.scrollIntoView();
  }, [run.phase, run.asked]);
}

export function App() {
  const server = useServer();
  const { choice, change, wanted, setWanted, markAsked } = useChoice();
  const history = useHistory(choice, server.epoch);
  const { run, start, cancel } = useRun(server.epoch);
  const chosen = chosenHistory(choice, history);
  const now = requestOf(choice, chosen);
  const manual = choice.mode === 'manual';
  const answer = useRef(null);
  useShown(answer, run);

  const ask = () => {
    markAsked();
    start(now);
  };
  useEffect(() => {
    if (!wanted || !now.body || server.keyNeeded) return;
    setWanted(false);
    ask();
  });
  const signedIn = () => {
    server.signedIn();
    if (run.phase === 'failed') start(run.asked);
  };
  if (server.keyNeeded)
    return (
      <>
        <Header server={server} />
        <main class="columns">
          <SignIn onDone={signedIn} />
        </main>
      </>
    );
  return (
    <>
      <Header server={server} />
      <main class="columns">
        <Controls
          choice={choice}
          chosen={chosen}
          epoch={server.epoch}
          busy={run.phase === 'waiting'}
          onChange={change}
          onSubmit={ask}
        />
        <div class="answers">
          <HistoryPanel
            title={manual ? 'Your list' : choice.user}
            items={chosen.all}
            used={chosen.used}
            window={server.model?.window}
            history={manual ? TYPED : history}
            empty={emptyHistory(choice)}
          />
          <div ref={answer} class="answer">
            <ResultPanel
              run={run}
              now={now}
              server={server}
              onAsk={ask}
              onRetry={() => start(run.asked)}
              onCancel={cancel}
            />
          </div>
        </div>
      </main>
    </>
  );
}

function emptyHistory(choice) {
  if (choice.mode === 'manual') return 'The items you type appear here.';
  if (!choice.user) return 'Pick a user to see what they chose before.';
  return 'This user has no history: popular items will be shown.';
}
