// A problem, in the server's words, with what to do about it where we know.
// SPDX-License-Identifier: Apache-2.0

export function Notice({ problem }) {
  return (
    <div class="notice" role="alert">
      <strong>{problem.title ?? 'Something went wrong on this page'}</strong>
      {(problem.detail ?? problem.message) && (
        <p>{problem.detail ?? problem.message}</p>
      )}
      {problem.status === 503 && problem.kind !== 'overloaded' && <Unready />}
      {problem.retryAfter > 0 && <p>Try again in {problem.retryAfter} s.</p>}
    </div>
  );
}

function Unready() {
  return (
    <p>
      The model or the database is not there yet. Without a model, run{' '}
      <code>sasrec train</code>; without a database, start PostgreSQL: the server joins
      by itself. <a href="readyz">What is missing</a>
    </p>
  );
}
