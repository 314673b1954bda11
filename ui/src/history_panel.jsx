// The history, newest first; what the model does not read is faded and counted apart.
// SPDX-License-Identifier: Apache-2.0
import { partsOf } from './answer.js';
import { count } from './input.js';
import { Notice } from './notice.jsx';
import { useItems } from './use_items.js';

const SHOWN_LIMIT = 200;
const TYPING_PAUSE_MS = 200;

// history: of use_resource.js, or {} for a list that was typed; window: how many items
// the model reads, if known.
export function HistoryPanel({ title, items, used, window, history, empty }) {
  const newest = items.slice(-SHOWN_LIMIT).reverse();
  const itemOf = useItems(newest, history.key === undefined ? TYPING_PAUSE_MS : 0);
  const parts = partsOf(items.length, used, window);
  return (
    <section
      class="panel"
      aria-labelledby="history-title"
      aria-busy={history.loading ?? false}
    >
      <h2 id="history-title">
        History {title && <span class="of">{title}</span>}
        {items.length > 0 && <Extent all={items.length} parts={parts} window={window} />}
      </h2>
      {history.problem && (
        <Notice
          problem={history.problem}
          retryAt={history.retryAt}
          onRetry={history.retry}
        />
      )}
      {history.loading && <p class="empty">Reading the history…</p>}
      {!history.loading && !history.problem && items.length === 0 && (
        <p class="empty">{empty}</p>
      )}
      {newest.length > 0 && (
        <ol class="history" aria-label="Items, newest first" tabIndex={0}>
          {newest.map((id, index) => (
            <Entry key={index} item={itemOf(id)} kind={kindOf(index, parts)} />
          ))}
        </ol>
      )}
      {items.length > newest.length && (
        <p class="note">and {count(items.length - newest.length, 'older item')}</p>
      )}
    </section>
  );
}

function Extent({ all, parts, window }) {
  const said = [
    parts.beyond && `${parts.beyond} beyond its window of ${window}`,
    parts.unused && `${parts.unused} left out`,
  ].filter(Boolean);
  const text =
    said.length > 0
      ? `${count(all, 'item')}: the model reads ${parts.read}; ${said.join(', ')}`
      : count(all, 'item');
  return <span class="extent">{text}</span>;
}

function kindOf(index, { read, beyond }) {
  if (index < read) return 'used';
  return index < read + beyond ? 'beyond' : 'unused';
}

const REASONS = { beyond: ' (beyond the window)', unused: ' (not used)' };

function Entry({ item, kind }) {
  return (
    <li class={kind}>
      <span class="title">{item.title}</span> <span class="id">#{item.name}</span>
      {REASONS[kind] && <span class="hidden">{REASONS[kind]}</span>}
    </li>
  );
}
