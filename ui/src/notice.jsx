// A problem, in the server's words, and when what failed is tried again.
// SPDX-License-Identifier: Apache-2.0
import { RetryNote } from './retry_note.jsx';

export function Notice({ problem, retryAt, onRetry }) {
  return (
    <div class="notice">
      <div role="alert">
        <strong>{problem.title ?? 'Something went wrong on this page'}</strong>
        <p>{problem.detail ?? problem.message}</p>
      </div>
      {onRetry && <RetryNote at={retryAt} onRetry={onRetry} />}
    </div>
  );
}
