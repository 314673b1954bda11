// Builds the page into the folder given: fixed names, nothing loaded from elsewhere.
// SPDX-License-Identifier: Apache-2.0
import { build } from 'esbuild';
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const out = process.argv[2] ?? join(here, 'dist');
const source = (name) => join(here, 'src', name);
const library = (name) => join(here, 'node_modules', name);

const BUNDLED = {
  preact: ['LICENSE'],
  '@picocss/pico': ['LICENSE.md'],
  'swagger-ui-dist': ['LICENSE', 'NOTICE', 'swagger-ui-bundle.js.LICENSE.txt'],
};

async function bundlePage() {
  await build({
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
    logLevel: 'warning',
  });
}

// The licences of what the program carries travel with it.
async function writeLicences() {
  const parts = [];
  for (const [name, files] of Object.entries(BUNDLED)) {
    const about = JSON.parse(await readFile(library(`${name}/package.json`), 'utf8'));
    const texts = files.map((file) => readFile(library(`${name}/${file}`), 'utf8'));
    const text = (await Promise.all(texts)).map((each) => each.trim()).join('\n\n');
    parts.push(`${name} ${about.version} (${about.license})\n\n${text}\n`);
  }
  await writeFile(join(out, 'licenses.txt'), parts.join(`\n${'-'.repeat(72)}\n\n`));
}

await mkdir(out, { recursive: true });
await bundlePage();
await writeLicences();
for (const name of ['index.html', 'docs.html', 'favicon.svg'])
  await copyFile(source(name), join(out, name));
for (const name of ['swagger-ui-bundle.js', 'swagger-ui.css'])
  await copyFile(library(`swagger-ui-dist/${name}`), join(out, name));
