// The history, newest first; what the slider leaves out is faded.
// SPDX-License-Identifier: Apache-2.0
import { count } from './input.js';
import { Notice } from './notice.jsx';
import { useItems } from './use_items.js';

const SHOWN_LIMIT = 200;

export function HistoryPanel({ title, items, used, loading, problem, empty }) {
  const newest = items.slice(-SHOWN_LIMIT).reverse();
  const itemOf = useItems(newest);
  return (
    <section class="panel" aria-labelledby="history-title" aria-busy={loading}>
      <h2 id="history-title">
        History {title && <span class="of">{title}</span>}
        {items.length > 0 && <Extent used={used} all={items.length} />}
      </h2>
      {problem && <Notice problem={problem} />}
      {loading && <p class="empty">Reading the history…</p>}
      {!loading && !problem && items.length === 0 && <p class="empty">{empty}</p>}
      {newest.length > 0 && (
        <ol class="history" aria-label="Items, newest first" tabIndex={0}>
          {newest.map((id, index) => (
            <Entry key={index} item={itemOf(id)} used={index < used} />
          ))}
        </ol>
      )}
      {items.length > newest.length && (
        <p class="note">and {count(items.length - newest.length, 'older item')}</p>
      )}
    </section>
  );
}

function Extent({ used, all }) {
  const text = used === all ? count(all, 'item') : `newest ${used} of ${all}`;
  return <span class="extent">{text}</span>;
}

function Entry({ item, used }) {
  return (
    <li class={used ? 'used' : 'unused'}>
      <span class="title">{item.title}</span> <span class="id">#{item.item_id}</span>
      {!used && <span class="hidden"> (not used)</span>}
    </li>
  );
}
