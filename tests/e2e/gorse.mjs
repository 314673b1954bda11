// Runs the script of an external recommender as Gorse 0.5 does: with env, user_id and a fetch
// that waits for the answer; the value must be an array of texts. Gorse itself is not part of it.
//
//   node gorse.mjs USER...     the script on standard input; prints one array for each user
//
// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import vm from 'node:vm';

function fetch(url, { method = 'GET', headers = {}, body } = {}) {
  const words = ['-sS', '-X', method, '-w', '\n%{http_code}', url];
  for (const [name, value] of Object.entries(headers)) words.push('-H', `${name}: ${value}`);
  if (body !== undefined) words.push('--data-binary', body);
  const lines = execFileSync('curl', words, { encoding: 'utf8' }).split('\n');
  const status = Number(lines.pop());
  return { ok: status >= 200 && status < 300, status, body: lines.join('\n') };
}

const script = readFileSync(0, 'utf8');
for (const user of process.argv.slice(2)) {
  const context = vm.createContext({ env: { ...process.env }, fetch, user_id: user });
  const items = JSON.parse(JSON.stringify(vm.runInContext(script, context)));
  if (!Array.isArray(items) || !items.every((item) => typeof item === 'string'))
    throw new Error(`no array of texts: ${JSON.stringify(items)}`);
  console.log(JSON.stringify(items));
}
