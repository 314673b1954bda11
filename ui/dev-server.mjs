// Serves the built page with a made-up API, to work on the page without a database:
//   node dev-server.mjs [DIST] [PORT]
// GET /dev/MODE makes it behave: ok, no-model (503), no-database, no-events,
// slow, expire, deploy, key (any key opens a session, and all is ok).
// SPDX-License-Identifier: Apache-2.0
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

const [dist = 'dist', port = '8501'] = process.argv.slice(2);
const TYPES = {
  html: 'text/html',
  js: 'text/javascript',
  css: 'text/css',
  svg: 'image/svg+xml',
  txt: 'text/plain',
  json: 'application/json',
};
const GENRES = ['Drama', 'Comedy', 'Science fiction', 'Documentary'];
const HEADERS = {
  'Content-Security-Policy':
    "default-src 'self'; style-src 'self'; img-src 'self' data:; frame-ancestors 'none'",
  'X-Content-Type-Options': 'nosniff',
};
const users = Array.from({ length: 100 }, (_, i) => `user_${i + 1}`).sort();
const rows = new Map(); // request id -> {request_id, status, result}
const results = new Map(); // request id -> what the row will get
const streams = new Set();
let mode = 'ok';
let version = '20261123T070000Z-1f2e3d';

const json = (out, status, body, type = 'application/json') => {
  out.writeHead(status, { ...HEADERS, 'Content-Type': type });
  out.end(JSON.stringify(body));
};
const refuse = (out, status, title, detail, kind = 'made-up') =>
  json(
    out,
    status,
    { type: `/problems/${kind}`, title, status, detail },
    'application/problem+json',
  );

function historyOf(user) {
  const n = Number(user.split('_')[1]);
  if (!users.includes(user)) return null;
  return Array.from(
    { length: n === 100 ? 0 : 4 + ((n * 7) % 60) },
    (_, i) => (n * 13 + i * 29) % 500,
  );
}

function recommend({ history, k = 10 }) {
  const known = history.filter((id) => id < 500);
  const ids = Array.from({ length: 500 }, (_, i) => (i * 37 + known.length) % 500)
    .filter((id) => !known.includes(id))
    .slice(0, k);
  return {
    item_ids: ids,
    scores: ids.map((_, i) => 9.31 - i * 0.47 - (i % 3) * 0.1),
    model_version: version,
    source: known.length ? 'model' : 'popular',
    history_used: Math.min(known.length, 50),
    unknown_dropped: history.length - known.length,
  };
}

function predict(body, out) {
  const request_id = randomUUID();
  const result = recommend(JSON.parse(body));
  results.set(request_id, mode === 'expire' ? null : result);
  rows.set(request_id, { request_id, status: 'PENDING', result: null });
  json(out, 202, { request_id, status: 'PENDING' });
  const end =
    mode === 'expire'
      ? { status: 'EXPIRED', error: 'its deadline passed' }
      : { status: 'COMPLETED', result };
  setTimeout(
    () => Object.assign(rows.get(request_id), end),
    mode === 'slow' ? 4000 : 300,
  );
}

function ready(out) {
  const line = (name, ok) => (ok ? `[+]${name} ok\n` : `[-]${name} failed: made up\n`);
  const ok = { model: mode !== 'no-model', postgres: mode !== 'no-database' };
  const status = ok.model && ok.postgres ? 200 : 503;
  out.writeHead(status, { ...HEADERS, 'Content-Type': 'text/plain' });
  out.end(line('model', ok.model) + line('postgres', ok.postgres));
}

const isPending = (id) => rows.get(id)?.status === 'PENDING';

function events(id, out) {
  if (mode === 'no-events') return refuse(out, 503, 'Too many streams', 'Try later.');
  out.writeHead(200, { ...HEADERS, 'Content-Type': 'text/event-stream' });
  out.write(': hello\n\n');
  if (!id) return streams.add(out);
  const result = results.get(id);
  const data = { request_id: id, result, error: result ? null : 'its deadline passed' };
  return setTimeout(
    () => out.write(`id: 1\nevent: result\ndata: ${JSON.stringify(data)}\n\n`),
    mode === 'slow' ? 3000 : 20,
  );
}

function behave(now, out) {
  mode = now;
  if (now === 'deploy') {
    version = `20261123T${Date.now() % 1000000}Z-9a8b7c`;
    for (const stream of streams) stream.write('event: model\ndata: {}\n\n');
  }
  json(out, 200, { mode });
}

async function answer(path, query, body, out) {
  const [, first, second, third] = path.split('/').map(decodeURIComponent);
  if (first === 'dev') return behave(second, out);
  if (path === '/session') return behave('ok', out);
  if (mode === 'key' && /^.(predict|users|items|models|events|result)/.test(path))
    return refuse(out, 401, 'An API key is needed here', 'Made up.', 'key-needed');
  if (mode === 'no-model' && path === '/predict')
    return refuse(
      out,
      503,
      'No model yet',
      'There is no checkpoint: run sasrec train.',
    );
  if (path === '/predict') return predict(body, out);
  if (path === '/events') return events(query.get('request_id'), out);
  if (path === '/readyz') return ready(out);
  if (path === '/models')
    return json(out, 200, {
      current: mode === 'no-model' ? null : version,
      window: 50,
      item_count: 500,
    });
  for (let i = 0; first === 'result' && i < 100 && isPending(second); i++)
    await new Promise((resolve) => setTimeout(resolve, 100)); // as if "Prefer: wait=10"
  if (first === 'result') return json(out, 200, rows.get(second));
  if (path === '/users')
    return json(
      out,
      200,
      users
        .filter((user) => user.startsWith(query.get('prefix') ?? ''))
        .slice(0, Number(query.get('limit') ?? 100)),
    );
  if (first === 'users' && third === 'history') {
    const items = historyOf(second);
    return items
      ? json(out, 200, { user_id: second, items })
      : refuse(out, 404, 'Unknown user', `There is no user "${second}".`);
  }
  if (path === '/items')
    return json(
      out,
      200,
      query
        .get('ids')
        .split(',')
        .map(Number)
        .filter((id) => id < 500)
        .map((id) => ({
          item_id: id,
          title: `The ${id % 2 ? 'Long' : 'Short'} Film ${id}`,
          category: GENRES[id % 4],
        })),
    );
  const name =
    { '/': 'index.html', '/docs': 'docs.html', '/openapi.json': 'openapi.json' }[path] ??
    (first === 'assets' ? second : '');
  const file = await readFile(join(dist, name || 'none')).catch(() => null);
  if (!file) return refuse(out, 404, 'Not found', path);
  out.writeHead(200, { ...HEADERS, 'Content-Type': TYPES[name.split('.').pop()] });
  return out.end(file);
}

createServer(async (request, out) => {
  const { pathname, searchParams } = new URL(request.url, 'http://localhost');
  let body = '';
  for await (const piece of request) body += piece;
  answer(pathname, searchParams, body, out);
}).listen(Number(port), '127.0.0.1', () => console.log(`http://127.0.0.1:${port}`));
