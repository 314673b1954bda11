// The answer in each of its states.
// SPDX-License-Identifier: Apache-2.0
import { itemOf } from './api.js';
import { count } from './input.js';
import { Notice } from './notice.jsx';
import { ScoreChart, formatScore } from './score_chart.jsx';

export function ResultPanel({ run, onCancel }) {
  return (
    <section
      class="panel"
      aria-labelledby="result-title"
      aria-busy={run.phase === 'waiting'}
    >
      <h2 id="result-title">
        Recommendations {run.asked && <span class="of">{run.asked.label}</span>}
        {run.asked && <span class="extent">{basis(run.asked)}</span>}
      </h2>
      <p class="hidden" role="status">
        {announcement(run)}
      </p>
      {run.phase === 'idle' && (
        <p class="empty">Choose a history and press Get Recommendations.</p>
      )}
      {run.phase === 'waiting' && run.slow && <Waiting run={run} onCancel={onCancel} />}
      {run.phase === 'waiting' && run.stale && (
        <div class="stale" inert>
          <Answer run={run.stale} />
        </div>
      )}
      {run.phase === 'failed' && <Failure run={run} />}
      {run.phase === 'done' && <Answer run={run} />}
    </section>
  );
}

function basis({ body, of }) {
  const used = body.history.length;
  return used === of ? `from ${count(of, 'item')}` : `from the newest ${used} of ${of}`;
}

function announcement(run) {
  if (run.phase === 'waiting') return 'Waiting for recommendations.';
  if (run.phase !== 'done') return '';
  return `${count(run.result.item_ids.length, 'recommendation')} for ${run.asked.label}.`;
}

function Waiting({ run, onCancel }) {
  return (
    <div class="waiting">
      <p aria-busy="true">
        {run.requestId ? 'Accepted, waiting for the result…' : 'Sending…'}
      </p>
      <button type="button" class="secondary outline" onClick={onCancel}>
        Stop waiting
      </button>
    </div>
  );
}

function Failure({ run }) {
  return (
    <>
      <Notice problem={run.problem} />
      {run.requestId && (
        <p class="note">
          Request <RequestLink id={run.requestId} />
        </p>
      )}
    </>
  );
}

const RequestLink = ({ id }) => <a href={`result/${id}`}>{id}</a>;

function Answer({ run }) {
  const { result } = run;
  const rows = result.item_ids.map((id, index) => ({
    ...itemOf(id),
    rank: index + 1,
    score: result.scores[index],
  }));
  if (rows.length === 0)
    return <p class="empty">No item is left to recommend: all were seen.</p>;
  return (
    <>
      {result.source === 'popular' && <PopularNote result={result} />}
      <div class="answer">
        <ResultTable rows={rows} />
        <ScoreChart rows={rows} />
      </div>
      <Provenance run={run} />
    </>
  );
}

function PopularNote({ result }) {
  const why =
    result.unknown_dropped > 0
      ? 'the model knows none of the items in this history'
      : 'the history is empty';
  return (
    <p class="notice mild">
      <strong>Popular items.</strong> These are not personal: {why}.
    </p>
  );
}

function ResultTable({ rows }) {
  return (
    <table>
      <thead>
        <tr>
          <th scope="col" class="number">
            Rank
          </th>
          <th scope="col">Title</th>
          <th scope="col" class="number">
            Item id
          </th>
          <th scope="col" class="wide">
            Category
          </th>
          <th scope="col" class="number">
            Score
          </th>
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={row.item_id}>
            <td class="number">{row.rank}</td>
            <th scope="row">
              {row.title}
              <span class="narrow">{row.category}</span>
            </th>
            <td class="number">{row.item_id}</td>
            <td class="wide">{row.category}</td>
            <td class="number">{formatScore(row.score)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Provenance({ run }) {
  const { result } = run;
  const facts = [
    ['Model', <code>{result.model_version || '–'}</code>],
    ['Source', result.source === 'popular' ? 'popular items' : 'model'],
    ['History used', count(result.history_used, 'item')],
    ['Unknown items dropped', result.unknown_dropped],
    ['Round trip', `${run.roundTripMs.toFixed(run.roundTripMs < 10 ? 1 : 0)} ms`],
    ['Status', <span class={`status ${run.status}`}>{run.status}</span>],
    ['Request', <RequestLink id={run.requestId} />],
  ];
  return (
    <dl class="provenance">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
