// A reporter for node's own test runner (node --test --test-reporter=THIS): each test by name, as JSON lines.
//
// Events come from the runner's process; each test file ran in a child of its own. Suites and files are not tests: they
// are reported only when they failed by themselves. Format: docs/formats/test-report.md.
//
// SPDX-License-Identifier: Apache-2.0
import path from 'node:path';

const MESSAGE_MAX = 6000;
const tree = process.cwd();

function beneath(file) {
  if (!file) return undefined;
  const rel = path.relative(tree, file.replace(/^file:\/\//, ''));
  return rel && !rel.startsWith('..') && !rel.split(path.sep).includes('node_modules') ? rel : undefined;
}

// The cause that a test threw, and the lines of the project that it came through.
function explain(error, file) {
  let cause = error;
  while (cause && cause.code === 'ERR_TEST_FAILURE' && cause.cause) cause = cause.cause;
  const stack = (cause && typeof cause === 'object' && cause.stack) || '';
  let text = String((cause && cause.message) || cause || error || 'it failed').trim();
  if (cause && cause.name && cause.name !== 'Error' && !text.startsWith(cause.name)) text = `${cause.name}: ${text}`;
  let line = 0;
  const told = new Set();
  for (const m of stack.matchAll(/\(?((?:file:\/\/)?\/[^\s():]+):(\d+):\d+\)?/g)) {
    const where = beneath(m[1]);
    if (!where || told.has(where + m[2])) continue;
    told.add(where + m[2]);
    text += `\n  at ${where}:${m[2]}`;
    if (!line && where === file) line = Number(m[2]);
  }
  return [text.length > MESSAGE_MAX ? text.slice(0, MESSAGE_MAX) + '\n[...]' : text, line];
}

export default async function* report(source) {
  const names = [];
  const withChildren = new Set();
  const printed = new Map(); // file -> the end of what it wrote to stderr
  let tests = 0;
  let failed = false;
  yield JSON.stringify({ runner: 'node', version: process.version }) + '\n';
  for await (const { type, data } of source) {
    if (type === 'test:start') {
      names.length = data.nesting;
      names.push(data.name);
      if (data.nesting) withChildren.add(data.nesting - 1);
      withChildren.delete(data.nesting);
      continue;
    }
    if (type === 'test:stdout' || type === 'test:stderr') {
      process.stderr.write(data.message);
      if (type === 'test:stderr') printed.set(data.file, ((printed.get(data.file) || '') + data.message).slice(-1500));
      continue;
    }
    if (type !== 'test:pass' && type !== 'test:fail') continue;
    const bad = type === 'test:fail' && data.todo === undefined;
    const error = data.details && data.details.error;
    const isFile = data.nesting === 0 && path.isAbsolute(data.name);
    const parent = withChildren.delete(data.nesting) || (data.details && data.details.type === 'suite');
    failed ||= bad;
    if (parent && !(bad && error && error.failureType !== 'subtestsFailed')) continue;
    const file = beneath(data.file) || (isFile ? beneath(data.name) : undefined) || beneath(names[0]);
    names.length = data.nesting;
    names.push(data.name);
    const parts = names.filter((n, i) => !(i === 0 && path.isAbsolute(n)) && !(i === 0 && n === file));
    const what = {
      test: (file || '') + parts.map((n) => (file ? '::' : ' > ') + n).join('') || data.name,
      state: bad ? 'failed' : isFile || data.skip !== undefined || data.todo !== undefined ? 'skipped' : 'passed',
      ms: Math.round((data.details && data.details.duration_ms) || 0),
    };
    if (file) what.file = file;
    if (bad) {
      const [message, line] = explain(error, file);
      const said = isFile && (printed.get(data.file) || printed.get(data.name));
      what.message = said ? `${message}\n${said}` : message;
      if (line || data.line) what.line = line || data.line;
    } else if (isFile) {
      what.message = 'the file ran no test'; // its exit status alone says nothing
    } else if (typeof data.skip === 'string') what.message = data.skip;
    tests++;
    yield JSON.stringify(what) + '\n';
  }
  yield JSON.stringify({ end: tests, status: failed ? 1 : 0 }) + '\n';
}
