// Name, connection and model in use.
// SPDX-License-Identifier: Apache-2.0
import logo from './favicon.svg';

const STATES = { live: 'Live', lost: 'Connecting…' };

export function Header({ server }) {
  return (
    <header class="top">
      <h1>
        <img src={logo} alt="" width="28" height="28" /> sasrec
      </h1>
      <p class="server" role="status">
        <Model version={server.model} />
        <span class={`state ${server.state}`}>{STATES[server.state]}</span>
      </p>
    </header>
  );
}

function Model({ version }) {
  if (version === undefined) return null;
  if (version === null)
    return (
      <span class="version">
        No model yet: run <code>sasrec train</code>
      </span>
    );
  return (
    <span class="version">
      Model <code>{version}</code>
    </span>
  );
}
