// Checks the descriptions of our interfaces: proto/asyncapi.yaml (AsyncAPI's own schema,
// bindings included; references; every example against its schema, and that nothing can be
// left out of the one called "least"; messages of releases that went before) and actors/http/openapi.json (Redocly's rules). Writes
// the first as JSON, for the test that compares it with the code.
//
//   node tests/contract/lint.mjs FOLDER     what npm fetches, and asyncapi.json, go there
//
// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '../..');
const folder = resolve(process.argv[2] ?? join(root, 'build/contract'));
let faults = 0;

function fault(where, what) {
  console.error(`${where}: ${what}`);
  faults++;
}

// The libraries, fetched once per lock file.
function modules() {
  const lock = readFileSync(join(here, 'package-lock.json'), 'utf8');
  const stamp = join(folder, 'installed-lock.json');
  if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== lock) {
    mkdirSync(folder, { recursive: true });
    for (const name of ['package.json', 'package-lock.json'])
      copyFileSync(join(here, name), join(folder, name));
    const words = 'ci --ignore-scripts --no-audit --no-fund --prefer-offline --loglevel=error';
    execFileSync('npm', words.split(' '), { cwd: folder, stdio: 'inherit' });
    writeFileSync(stamp, lock);
  }
  return createRequire(join(folder, 'package.json'));
}

const require = modules();
const redocly = require('@redocly/openapi-core');
const yaml = require('js-yaml');
const Ajv = require('ajv');
const addFormats = require('ajv-formats');

async function lintByRules(name, rules) {
  const config = await redocly.createConfig({ rules });
  const problems = await redocly.lint({ ref: join(root, name), config });
  for (const { severity, message, location } of problems)
    fault(`${name} ${location[0]?.pointer ?? ''}`, `${severity}: ${message}`);
}

function checkSchema(name, description) {
  const ajv = new Ajv({ strict: false });
  addFormats(ajv);
  const schema = structuredClone(require('@asyncapi/specs/schemas/3.0.0.json'));
  delete schema.definitions['http://json-schema.org/draft-07/schema']; // ajv has its own
  if (ajv.validate(schema, description)) return;
  const depth = ({ instancePath }) => instancePath.split('/').length; // the deepest is the cause
  const deepest = Math.max(...ajv.errors.map(depth));
  for (const error of ajv.errors.filter((error) => depth(error) === deepest))
    fault(`${name} ${error.instancePath}`, error.message);
}

// The document with what its references lead to in their place.
function withoutReferences(name, document) {
  function follow(reference) {
    const path = reference.replace(/^#\//, '').split('/');
    const target = path.reduce((value, key) => value?.[key], document);
    if (target === undefined) fault(name, `${reference} leads nowhere`);
    return copy(target);
  }
  function copy(node) {
    if (Array.isArray(node)) return node.map(copy);
    if (node === null || typeof node !== 'object') return node;
    if (typeof node.$ref === 'string') return follow(node.$ref);
    return Object.fromEntries(Object.entries(node).map(([key, item]) => [key, copy(item)]));
  }
  return copy(document);
}

function checkExamples(name, messages) {
  const ajv = new Ajv({ strict: true, strictTypes: false, strictRequired: false, allErrors: true });
  addFormats(ajv);
  for (const [message, { payload, headers, examples }] of Object.entries(messages)) {
    for (const example of examples)
      for (const [part, schema] of Object.entries({ payload, headers })) {
        if (!(part in example) || !schema || ajv.validate(schema, example[part])) continue;
        fault(`${name} ${message}/${example.name}/${part}`, ajv.errorsText());
      }
    const least = examples.find((example) => example.name === 'least')?.payload ?? {};
    for (const key of Object.keys(least))
      if (ajv.validate(payload, { ...least, [key]: undefined }))
        fault(`${name} ${message}`, `${key} is in the least example, and not required`);
  }
}

// What a release has written (tests/fixtures/messages) is still as the description wants it.
function checkReleases(name, { channels }) {
  const ajv = new Ajv({ strict: true, strictTypes: false, strictRequired: false });
  addFormats(ajv);
  const releases = join(root, 'tests/fixtures/messages');
  const payloads = Object.fromEntries(Object.values(channels).map(
    ({ address, messages }) => [address, Object.values(messages)[0].payload]));
  for (const file of readdirSync(releases))
    for (const line of readFileSync(join(releases, file), 'utf8').trim().split('\n')) {
      const { topic, value } = JSON.parse(line);
      if (!ajv.validate(payloads[topic], JSON.parse(value)))
        fault(`${name} ${file}`, `${value}: ${ajv.errorsText()}`);
    }
}

const name = 'proto/asyncapi.yaml';
await lintByRules(name, {
  'no-unresolved-refs': 'error', struct: 'error', 'info-license': 'error',
  'no-enum-type-mismatch': 'error', 'no-schema-type-mismatch': 'error',
});
const description = yaml.load(readFileSync(join(root, name), 'utf8'));
checkSchema(name, description);
if (faults === 0) {
  const whole = withoutReferences(name, description);
  checkExamples(name, whole.components.messages);
  checkReleases(name, whole);
  writeFileSync(join(folder, 'asyncapi.json'), JSON.stringify(whole, null, 1));
}
// Else nothing could be said of several fields together: the parts of an "if" do not know all.
const lenient = { severity: 'error', allowAdditionalProperties: true };
await lintByRules('actors/http/openapi.json', {
  'no-unresolved-refs': 'error', struct: 'error', 'no-identical-paths': 'error',
  'path-declaration-must-exist': 'error', 'path-parameters-defined': 'error',
  'operation-operationId-unique': 'error', 'operation-parameters-unique': 'error',
  'no-enum-type-mismatch': 'error', 'no-schema-type-mismatch': 'error',
  'no-invalid-schema-examples': lenient, 'no-invalid-media-type-examples': lenient,
  'operation-tag-defined': 'error', 'operation-summary': 'error', 'info-license': 'error',
  'no-unused-components': 'error',
});
process.exit(faults === 0 ? 0 : 1);
