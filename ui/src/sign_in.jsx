// Asks for an API key, which the server turns into a session of this browser. The key stays
// here until then and no longer.
// SPDX-License-Identifier: Apache-2.0
import { useEffect, useRef, useState } from 'preact/hooks';
import { openSession } from './api.js';
import { Notice } from './notice.jsx';

export function SignIn({ onDone }) {
  const [key, setKey] = useState('');
  const [problem, setProblem] = useState(null);
  const [busy, setBusy] = useState(false);
  const input = useRef(null);
  useEffect(() => input.current.focus(), []);

  const submit = (event) => {
    event.preventDefault();
    if (!key.trim()) return;
    setBusy(true);
    openSession(key.trim())
      .then(onDone, (failed) => {
        setProblem(failed);
        input.current.select();
      })
      .finally(() => setBusy(false));
  };
  return (
    <form class="panel controls" onSubmit={submit} aria-label="Sign in">
      <label for="key">API key</label>
      <input
        id="key"
        ref={input}
        type="password"
        autocomplete="off"
        spellcheck={false}
        placeholder="sasrec_…"
        value={key}
        aria-describedby="key-note"
        onInput={(event) => setKey(event.target.value)}
      />
      <small id="key-note" class="note">
        Whoever runs this service makes one: <code>sasrec keys create</code>. It needs the
        scopes predict and read.
      </small>
      <button type="submit" aria-busy={busy}>
        Sign in
      </button>
      {problem && <Notice problem={problem} />}
    </form>
  );
}
