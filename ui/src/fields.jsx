// The small fields: how much of the history, how many results.
// SPDX-License-Identifier: Apache-2.0
import { K_LIMIT } from './input.js';

export function HistorySlider({ used, most, disabled, onInput }) {
  return (
    <div class="slider">
      <label for="used">
        Newest items to use
        <output for="used">{disabled ? '–' : `${used} of ${most}`}</output>
      </label>
      <input
        id="used"
        type="range"
        min="0"
        max={most}
        value={used}
        disabled={disabled || most === 0}
        aria-valuetext={`${used} of ${most}`}
        onInput={(event) => onInput(Number(event.target.value))}
      />
    </div>
  );
}

export function ResultCount({ k, error, onInput }) {
  return (
    <div class="count">
      <label for="k">Number of results</label>
      <input
        id="k"
        type="number"
        min="1"
        max={K_LIMIT}
        step="1"
        value={k}
        aria-invalid={error ? 'true' : undefined}
        aria-describedby={error ? 'k-note' : undefined}
        onInput={(event) => onInput(event.target.value)}
      />
      {error && (
        <small id="k-note" class="note wrong" role="alert">
          {error}
        </small>
      )}
    </div>
  );
}
