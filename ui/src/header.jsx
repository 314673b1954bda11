// Name, model in use, and how the server is. SPDX-License-Identifier: Apache-2.0
import logo from './favicon.svg';
import { lampOf, partName, timeOf } from './health.js';

export function Header({ server }) {
  return (
    <header class="top">
      <h1>
        <img src={logo} alt="" width="28" height="28" /> sasrec
      </h1>
      <div class="server">
        <Model model={server.model} />
        <Lamp health={server.health} />
      </div>
    </header>
  );
}

function Lamp({ health }) {
  const { level, text } = lampOf(health);
  return (
    <>
      <details class="lamp">
        <summary class={`state ${level}`}>{text}</summary>
        <ul>
          {health.reached === false && <li>The server does not answer. Before that:</li>}
          {health.parts.map((part) => (
            <Part key={part.name} part={part} />
          ))}
        </ul>
      </details>
      <span class="hidden" role="status">
        {text}
      </span>
    </>
  );
}

function Part({ part }) {
  return (
    <li>
      <span class={`state ${part.ok ? 'ready' : 'down'}`}>{partName(part)}</span>{' '}
      {part.ok ? 'ok' : 'failing'} since {timeOf(part.since)}
      {part.reason && <small>{part.reason}</small>}
    </li>
  );
}

function Model({ model }) {
  if (model === undefined) return null;
  if (model === null)
    return (
      <span>
        No model yet: run <code>sasrec train</code>
      </span>
    );
  return (
    <span>
      Model <code>{model.version}</code>
    </span>
  );
}
