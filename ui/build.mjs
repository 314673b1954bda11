// Builds the page:  node build.mjs FOLDER [OPENAPI.JSON]
// Everything under assets/ gets a name with a hash of its content, so that browsers may
// keep it for ever; whatever shrinks is there in gzip and brotli as well.
// SPDX-License-Identifier: Apache-2.0
import { build } from 'esbuild';
import { createHash } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const here = dirname(fileURLToPath(import.meta.url));
const out = process.argv[2] ?? join(here, 'dist');
const openapi = process.argv[3] ?? join(here, '../actors/http/openapi.json');
const source = (name) => join(here, 'src', name);
const library = (name) => join(here, 'node_modules', name);

const BUNDLED = {
  preact: ['LICENSE'],
  '@picocss/pico': ['LICENSE.md'],
  'swagger-ui-dist': ['LICENSE', 'NOTICE', 'swagger-ui-bundle.js.LICENSE.txt'],
};
const ENOUGH = 0.9; // a compressed form that is larger than this part is not kept

const named = new Map(); // name in the HTML files -> name with the hash

async function put(name, bytes) {
  await writeFile(join(out, name), bytes);
  const forms = {
    gz: gzipSync(bytes, { level: 9 }),
    br: brotliCompressSync(bytes, {
      params: { [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length },
    }),
  };
  for (const [suffix, form] of Object.entries(forms))
    if (form.length < bytes.length * ENOUGH)
      await writeFile(join(out, `${name}.${suffix}`), form);
}

async function putAsset(name, bytes) {
  const hash = createHash('sha256').update(bytes).digest('hex').slice(0, 12);
  const extension = extname(name);
  named.set(name, `${basename(name, extension)}-${hash}${extension}`);
  await put(named.get(name), bytes);
}

async function putPage(name) {
  const html = await readFile(source(name), 'utf8');
  const link = (_, asset) => {
    if (!named.has(asset)) throw new Error(`${name}: there is no ${asset}`);
    return `assets/${named.get(asset)}`;
  };
  await put(name, Buffer.from(html.replaceAll(/assets\/([\w.-]+)/g, link)));
}

async function bundle() {
  const { outputFiles } = await build({
    entryPoints: { app: source('main.jsx'), docs: source('docs.js') },
    bundle: true,
    minify: true,
    format: 'iife',
    target: ['chrome109', 'firefox115', 'safari16'],
    jsx: 'automatic',
    jsxImportSource: 'preact',
    loader: { '.svg': 'dataurl' },
    legalComments: 'inline',
    outdir: out,
    write: false,
    logLevel: 'warning',
  });
  for (const { path, contents } of outputFiles)
    await putAsset(basename(path), Buffer.from(contents));
}

// The licences of what the program carries travel with it.
async function licences() {
  const parts = [];
  for (const [name, files] of Object.entries(BUNDLED)) {
    const about = JSON.parse(await readFile(library(`${name}/package.json`), 'utf8'));
    const texts = files.map((file) => readFile(library(`${name}/${file}`), 'utf8'));
    const text = (await Promise.all(texts)).map((each) => each.trim()).join('\n\n');
    parts.push(`${name} ${about.version} (${about.license})\n\n${text}\n`);
  }
  return Buffer.from(parts.join(`\n${'-'.repeat(72)}\n\n`));
}

await rm(out, { recursive: true, force: true });
await mkdir(out, { recursive: true });
await bundle();
await putAsset('licenses.txt', await licences());
await putAsset('favicon.svg', await readFile(source('favicon.svg')));
for (const name of ['swagger-ui-bundle.js', 'swagger-ui.css'])
  await putAsset(name, await readFile(library(`swagger-ui-dist/${name}`)));
for (const name of ['index.html', 'docs.html']) await putPage(name);
await put('openapi.json', await readFile(openapi));
