// A search box with the list of users under it. Typing narrows; arrows move through the
// list, Enter selects, as does a click.
// SPDX-License-Identifier: Apache-2.0
import { useEffect, useRef, useState } from 'preact/hooks';
import { listUsers } from './api.js';
import { sortUsers } from './input.js';
import { Notice } from './notice.jsx';
import { useResource } from './use_resource.js';

const LIST_LIMIT = 200;
const TYPING_PAUSE_MS = 150;
const AGAIN_MS = 30_000; // others write users too
const NONE_AGAIN_MS = 5_000;

const optionId = (name) => `user:${encodeURIComponent(name)}`; // ids have no blanks

function useUsers(prefix, epoch) {
  const read = (signal) => listUsers(prefix, LIST_LIMIT, signal).then(sortUsers);
  return useResource(`users ${prefix}`, read, {
    epoch,
    pauseMs: prefix ? TYPING_PAUSE_MS : 0,
    againMs: (users) => (users.length > 0 ? AGAIN_MS : NONE_AGAIN_MS),
  });
}

export function UserPicker({ user, epoch, onSelect }) {
  const [prefix, setPrefix] = useState('');
  const [active, setActive] = useState(''); // the name the arrows are on
  const found = useUsers(prefix, epoch);
  const users = found.value; // of the prefix before, until the new ones are there
  const list = useRef(null);
  const shown = users ?? [];

  // Only the list scrolls, never the page.
  useEffect(() => {
    const option = list.current?.querySelector('.active, [aria-selected="true"]');
    if (!option) return;
    const { offsetTop, offsetHeight } = option;
    const { scrollTop, clientHeight } = list.current;
    if (offsetTop < scrollTop) list.current.scrollTop = offsetTop;
    else if (offsetTop + offsetHeight > scrollTop + clientHeight)
      list.current.scrollTop = offsetTop + offsetHeight - clientHeight;
  }, [users, active]);

  const onKeyDown = (event) => {
    const last = shown.length - 1;
    const at = shown.indexOf(active === '' ? user : active);
    if (event.key === 'ArrowDown') setActive(shown[Math.min(at + 1, last)] ?? '');
    else if (event.key === 'ArrowUp') setActive(shown[Math.max(at - 1, 0)] ?? '');
    else if (event.key === 'Enter') onSelect(active || shown[0] || user);
    else return;
    event.preventDefault();
  };
  const search = (event) => {
    setPrefix(event.target.value.trim());
    setActive('');
  };

  return (
    <>
      <label for="user-search">User</label>
      <input
        id="user-search"
        type="search"
        role="combobox"
        placeholder="Search, e.g. user_7"
        autocomplete="off"
        maxLength={128}
        spellcheck={false}
        aria-expanded="true"
        aria-controls="user-list"
        aria-activedescendant={shown.includes(active) ? optionId(active) : undefined}
        onInput={search}
        onKeyDown={onKeyDown}
      />
      <ul id="user-list" class="list" role="listbox" aria-label="Users" ref={list}>
        {shown.map((name) => (
          <li
            key={name}
            id={optionId(name)}
            role="option"
            aria-selected={name === user}
            class={name === active ? 'active' : undefined}
            onClick={() => {
              setActive('');
              onSelect(name);
            }}
          >
            {name}
          </li>
        ))}
      </ul>
      <ListNote users={users} prefix={prefix} />
      {found.problem && (
        <Notice problem={found.problem} retryAt={found.retryAt} onRetry={found.retry} />
      )}
    </>
  );
}

function ListNote({ users, prefix }) {
  let text = '';
  if (users?.length === 0 && prefix) text = `No user begins with “${prefix}”.`;
  else if (users?.length === 0)
    text = 'No users yet: run sasrec seed, or sasrec import.';
  else if (users?.length === LIST_LIMIT) text = `First ${LIST_LIMIT}: type to narrow.`;
  return (
    <small class="note" role="status">
      {text}
    </small>
  );
}
