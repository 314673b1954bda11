// Tabs as the ARIA practices describe them: arrows move, the panel follows.
// SPDX-License-Identifier: Apache-2.0
const STEPS = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };

export function Tabs({ tabs, current, onChange }) {
  const go = (event) => {
    const step = STEPS[event.key];
    if (!step) return;
    event.preventDefault();
    const at = tabs.findIndex((tab) => tab.id === current);
    const next = tabs[(at + step + tabs.length) % tabs.length];
    onChange(next.id);
    document.getElementById(`tab-${next.id}`).focus();
  };
  return (
    <div class="tabs" role="tablist" aria-label="Where the history comes from">
      {tabs.map(({ id, label }) => (
        <button
          key={id}
          id={`tab-${id}`}
          type="button"
          role="tab"
          aria-selected={id === current}
          aria-controls={id === current ? `panel-${id}` : undefined}
          tabIndex={id === current ? 0 : -1}
          onClick={() => onChange(id)}
          onKeyDown={go}
        >
          {label}
        </button>
      ))}
    </div>
  );
}
