// What is asked for: a user or a list, how much of the history, how many results.
// SPDX-License-Identifier: Apache-2.0
import { useState } from 'preact/hooks';
import { checkK, parseItems } from './input.js';
import { HistorySlider, ResultCount } from './fields.jsx';
import { ManualInput } from './manual_input.jsx';
import { Tabs } from './tabs.jsx';
import { UserPicker } from './user_picker.jsx';

const MODES = [
  { id: 'user', label: 'Select User' },
  { id: 'manual', label: 'Manual Input' },
];

// epoch: read lists again when it grows.
export function Controls({ choice, chosen, epoch, busy, onChange, onSubmit }) {
  const [checked, setChecked] = useState(false); // show what is wrong with the list
  const manual = choice.mode === 'manual';
  const listError = manual ? parseItems(choice.text).error : '';
  const kError = checkK(choice.k);

  const submit = (event) => {
    event.preventDefault();
    setChecked(true);
    if (listError || kError) document.getElementById(listError ? 'items' : 'k').focus();
    else if (chosen.ready) onSubmit();
  };
  return (
    <form class="panel controls" onSubmit={submit} noValidate aria-label="Request">
      <Tabs
        tabs={MODES}
        current={choice.mode}
        onChange={(mode) => onChange({ mode })}
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
            error={listError}
            checked={checked}
            onInput={(text) => onChange({ text })}
            onChecked={setChecked}
          />
        ) : (
          <UserChoice {...{ choice, chosen, epoch, onChange }} />
        )}
      </div>
      <ResultCount k={choice.k} error={kError} onInput={(k) => onChange({ k })} />
      <button type="submit" disabled={!manual && !chosen.ready} aria-busy={busy}>
        Get Recommendations
      </button>
    </form>
  );
}

function UserChoice({ choice, chosen, epoch, onChange }) {
  return (
    <>
      <UserPicker
        user={choice.user}
        epoch={epoch}
        onSelect={(user) => onChange({ user, used: null })}
      />
      <HistorySlider
        used={chosen.used}
        most={chosen.most}
        disabled={!chosen.ready}
        onInput={(used) => onChange({ used: used === chosen.most ? null : used })}
      />
    </>
  );
}
