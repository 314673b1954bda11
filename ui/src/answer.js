// What is true of an answer when it is looked at later. Pure functions.
// SPDX-License-Identifier: Apache-2.0
import { count } from './input.js';

const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

// Why the answer is not one to what is chosen now ("" when it is). chosen: {label, body};
// no label: nothing is chosen; no body: its history is not there (yet). inUse: the
// model's version, if known.
export function whyOld({ asked, result }, chosen, inUse) {
  const { label, body } = chosen;
  if (label && label !== asked.label) return `This answer is for ${asked.label}.`;
  if (body && !same(body, asked.body))
    return 'What you ask for has changed since this answer.';
  if (inUse && result.model_version && inUse !== result.model_version)
    return `This answer is of model ${result.model_version}; ${inUse} is in use now.`;
  return '';
}

// Why there are fewer results than were asked for; "" when there are as many.
export function whyFewer({ asked, result }, itemCount) {
  const got = result.item_ids.length;
  if (got >= asked.body.k) return '';
  const known = itemCount ? `The model knows ${count(itemCount, 'item')}, and what` : 'What';
  const came = got === 0 ? 'No item is' : `${count(got, 'item')} instead of ${asked.body.k}: no more are`;
  return `${came} left to recommend. ${known} is in the history is not recommended again.`;
}

// The parts of a history, newest first: read by the model, beyond its window (kept from
// being recommended again, but not read), and left out by choice.
export function partsOf(all, used, window) {
  const read = Math.min(used, window || used);
  return { read, beyond: used - read, unused: all - used };
}
