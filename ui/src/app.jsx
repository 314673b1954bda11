// The page: what was chosen on the left, its history and the answer on the right.
// SPDX-License-Identifier: Apache-2.0
import { useEffect, useRef, useState } from 'preact/hooks';
import { HISTORY_LIMIT, checkK, parseItems, readLink, writeLink } from './input.js';
import { Header } from './header.jsx';
import { HistoryPanel } from './history_panel.jsx';
import { ManualInput } from './manual_input.jsx';
import { ResultPanel } from './result_panel.jsx';
import { Tabs } from './tabs.jsx';
import { UserPicker } from './user_picker.jsx';
import { HistorySlider, ResultCount } from './fields.jsx';
import { useHistory } from './use_history.js';
import { useRun } from './use_run.js';
import { useServer } from './use_server.js';

const LINK_PAUSE_MS = 150;
const MODES = [
  { id: 'user', label: 'Select User' },
  { id: 'manual', label: 'Manual Input' },
];

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

export function App() {
  const server = useServer();
  const [choice, setChoice] = useState(() => readLink(location.search));
  const [checked, setChecked] = useState(false); // show what is wrong with the input
  const history = useHistory(choice.mode === 'user' ? choice.user : '', server.epoch);
  const { run, start, cancel } = useRun();
  const answer = useRef(null);

  const change = (part) => setChoice((before) => ({ ...before, ...part }));
  const chosen = chosenHistory(choice, history);
  const manual = choice.mode === 'manual';
  const textError = manual ? parseItems(choice.text).error : '';
  const kError = checkK(choice.k);
  const lacksUser = !manual && history.items === null;

  // Not at each step of the slider: browsers refuse too many changes of the address.
  useEffect(() => {
    const write = () =>
      window.history.replaceState(null, '', location.pathname + writeLink(choice));
    const timer = setTimeout(write, LINK_PAUSE_MS);
    return () => clearTimeout(timer);
  }, [choice]);

  const submit = (event) => {
    event.preventDefault();
    setChecked(true);
    if (textError || kError) {
      document.getElementById(textError ? 'items' : 'k').focus();
      return;
    }
    if (lacksUser) return;
    start(requestOf(choice, chosen));
    if (matchMedia('(max-width: 55rem)').matches) answer.current.scrollIntoView();
  };

  return (
    <>
      <Header server={server} />
      <main class="columns">
        <form class="panel controls" onSubmit={submit} noValidate aria-label="Request">
          <Tabs
            tabs={MODES}
            current={choice.mode}
            onChange={(mode) => change({ mode })}
          />
          <div
            role="tabpanel"
            id={`panel-${choice.mode}`}
            aria-labelledby={`tab-${choice.mode}`}
          >
            {manual ? (
              <ManualInput
                text={choice.text}
                count={chosen.all.length}
                error={textError}
                checked={checked}
                onInput={(text) => change({ text })}
                onChecked={setChecked}
              />
            ) : (
              <>
                <UserPicker
                  user={choice.user}
                  epoch={server.epoch}
                  onSelect={(user) => change({ user, used: null })}
                />
                <HistorySlider
                  used={chosen.used}
                  most={chosen.most}
                  disabled={history.items === null}
                  onInput={(used) =>
                    change({ used: used === chosen.most ? null : used })
                  }
                />
              </>
            )}
          </div>
          <ResultCount k={choice.k} error={kError} onInput={(k) => change({ k })} />
          <button
            type="submit"
            disabled={lacksUser}
            aria-busy={run.phase === 'waiting'}
          >
            Get Recommendations
          </button>
        </form>
        <div class="answers">
          <HistoryPanel
            title={manual ? 'Your list' : choice.user}
            items={chosen.all}
            used={chosen.used}
            loading={history.loading}
            problem={manual ? null : history.problem}
            empty={emptyHistory(choice, history)}
          />
          <div ref={answer}>
            <ResultPanel run={run} onCancel={cancel} />
          </div>
        </div>
      </main>
      <footer>
        <a href="/docs">API</a>
        <a href="/metrics">Metrics</a>
        <a href="/assets/licenses.txt">Licences</a>
      </footer>
    </>
  );
}

function emptyHistory(choice, history) {
  if (choice.mode === 'manual') return 'The items you type appear here.';
  if (!choice.user) return 'Pick a user to see what they chose before.';
  return history.items ? 'This user has no history: popular items will be shown.' : '';
}
