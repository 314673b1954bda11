// The answer: whose it is, how it came, and whether it is still one to what is chosen.
// SPDX-License-Identifier: Apache-2.0
import { whyFewer, whyOld } from './answer.js';
import { itemOf } from './api.js';
import { count } from './input.js';
import { Notice } from './notice.jsx';
import { ResultTable } from './result_table.jsx';

// now: {label, body}, what would be asked, see whyOld; onAsk: asks it.
export function ResultPanel({ run, now, server, onAsk, onRetry, onCancel }) {
  const { answer, phase } = run;
  const old = answer && phase === 'done' ? whyOld(answer, now, server.model?.version) : '';
  const subject = answer?.asked ?? run.asked; // whose is what is shown
  return (
    <section class="panel" aria-labelledby="result-title" aria-busy={phase === 'waiting'}>
      <h2 id="result-title">
        Recommendations {subject && <span class="of">{subject.label}</span>}
        {subject && <span class="extent">{basis(subject)}</span>}
      </h2>
      <p class="hidden" role="status">
        {announcement(run)}
      </p>
      {phase === 'idle' && (
        <p class="empty">Choose a history and press Get Recommendations.</p>
      )}
      {run.problem && <Failure run={run} onRetry={onRetry} />}
      {phase === 'waiting' && run.slow && !run.problem && (
        <Waiting run={run} onCancel={onCancel} />
      )}
      {old && <OldNote text={old} label={now.label} onAsk={now.body && onAsk} />}
      {answer && (
        <div class={old || phase !== 'done' ? 'stale' : ''}>
          <Answer answer={answer} itemCount={server.model?.itemCount} />
        </div>
      )}
    </section>
  );
}

function basis({ body, of }) {
  const used = body.history.length;
  return used === of ? `from ${count(of, 'item')}` : `from the newest ${used} of ${of}`;
}

function announcement({ phase, answer }) {
  if (phase === 'waiting') return 'Waiting for recommendations.';
  if (phase !== 'done') return '';
  const { asked, result } = answer;
  return `${count(result.item_ids.length, 'recommendation')} for ${asked.label}.`;
}

function Waiting({ run, onCancel }) {
  return (
    <div class="waiting">
      <p aria-busy="true">
        {run.requestId ? 'Accepted, waiting for the result' : 'Sending the request'} for{' '}
        {run.asked.label}…
      </p>
      <button type="button" class="small" onClick={onCancel}>
        Stop waiting
      </button>
    </div>
  );
}

function Failure({ run, onRetry }) {
  return (
    <>
      <Notice problem={run.problem} retryAt={run.retryAt} onRetry={onRetry} />
      <p class="note">
        Asked for {run.asked.label}
        {run.requestId && (
          <>
            , request <RequestLink id={run.requestId} />
          </>
        )}
      </p>
    </>
  );
}

function OldNote({ text, label, onAsk }) {
  return (
    <div class="notice mild">
      <p>{text}</p>
      {onAsk && (
        <button type="button" class="small" onClick={onAsk}>
          Ask for {label}
        </button>
      )}
    </div>
  );
}

const RequestLink = ({ id }) => <a href={`result/${id}`}>{id}</a>;

function Answer({ answer, itemCount }) {
  const { result } = answer;
  const fewer = whyFewer(answer, itemCount);
  const rows = result.item_ids.map((id, index) => ({
    ...itemOf(id, result.item_keys?.[index] ?? undefined),
    rank: index + 1,
    score: result.scores[index],
  }));
  return (
    <>
      <Facts answer={answer} />
      {result.source === 'popular' && <PopularNote result={result} />}
      {fewer && <p class="notice mild">{fewer}</p>}
      {rows.length > 0 && <ResultTable rows={rows} />}
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

function Facts({ answer }) {
  const { result, roundTripMs, status } = answer;
  const facts = [
    ['Round trip', `${roundTripMs.toFixed(roundTripMs < 10 ? 1 : 0)} ms`],
    ['Model', <code>{result.model_version || '–'}</code>],
    ['Request', <RequestLink id={answer.requestId} />],
    ['Status', <span class={`status ${status}`}>{status}</span>],
    ['Source', result.source === 'popular' ? 'popular items' : 'model'],
    ['History used', count(result.history_used, 'item')],
  ];
  if (result.unknown_dropped > 0)
    facts.push(['Unknown items dropped', result.unknown_dropped]);
  return (
    <dl class="facts">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
