// When it is tried again, counted down, and a button for now.
// SPDX-License-Identifier: Apache-2.0
import { useEffect, useState } from 'preact/hooks';

export function RetryNote({ at, onRetry }) {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    if (!at) return undefined;
    setNow(Date.now());
    const timer = setInterval(() => setNow(Date.now()), 500);
    return () => clearInterval(timer);
  }, [at]);
  const left = Math.ceil((at - now) / 1000);
  return (
    <p class="retry">
      {at > 0 && (
        <span aria-live="off">
          {left > 0 ? `Trying again in ${left} s.` : 'Trying again…'}
        </span>
      )}
      <button type="button" class="small" onClick={onRetry}>
        Retry
      </button>
    </p>
  );
}
