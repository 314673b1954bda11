// A history typed by hand, checked once it was left or sent, then at each key.
// SPDX-License-Identifier: Apache-2.0
import { count as countOf } from './input.js';

export function ManualInput({ text, count, error, checked, onInput, onChecked }) {
  const wrong = checked && error !== '';
  return (
    <>
      <label for="items">Items, oldest first</label>
      <textarea
        id="items"
        rows="4"
        placeholder="10, 20, 30"
        spellcheck={false}
        value={text}
        aria-invalid={wrong ? 'true' : undefined}
        aria-describedby="items-note"
        onInput={(event) => onInput(event.target.value)}
        onBlur={() => text.trim() !== '' && onChecked(true)}
      />
      <small
        id="items-note"
        class={wrong ? 'note wrong' : 'note'}
        role={wrong ? 'alert' : undefined}
      >
        {wrong ? error : note(count)}
      </small>
    </>
  );
}

function note(count) {
  return count > 0 ? `${countOf(count, 'item')}.` : 'Ids or keys, separated by commas or blanks.';
}
