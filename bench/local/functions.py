"""Functions that a model writes, judged by asserts that it does not see.

The asserts of the catalogue's functions are made from the entity's fields by the reference below each kind. A function
runs in a process of its own with little memory, no files and little time, and may import only what computes.

SPDX-License-Identifier: Apache-2.0
"""
import ast
import re
import resource
import subprocess
import sys

IMPORTS = {"calendar", "collections", "datetime", "decimal", "fractions", "functools", "itertools", "math", "re", "statistics", "string", "typing"}
TIMES = ((0.0, 1), (0.5, 4), (0.9, 4))  # samples at each temperature, in this order, until one passes


def place(text, name):
    """The answer's function with its imports, or why there is none."""
    blocks = re.findall(r"```[a-z]*\n(.*?)(?:```|\Z)", text, re.S) or [text]
    code = next((b for b in blocks if f"def {name}(" in b), None)
    if code is None:
        return None, "no function of that name"
    try:
        tree = ast.parse(code)
    except (SyntaxError, ValueError):
        return None, "not Python"
    keep = [n for n in tree.body if isinstance(n, (ast.Import, ast.ImportFrom, ast.FunctionDef))]
    for n in ast.walk(tree):
        names = [a.name for a in n.names] if isinstance(n, ast.Import) else [n.module or ""] if isinstance(n, ast.ImportFrom) else []
        if any(m.split(".")[0] not in IMPORTS for m in names):
            return None, "imports " + names[0]
    return ast.unparse(ast.Module(keep, [])), "imports outside" if not isinstance(keep[0], ast.FunctionDef) else ""


def limits():
    resource.setrlimit(resource.RLIMIT_AS, (1 << 29, 1 << 29))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (5, 5))


def judge(code, asserts):
    """None when every assert holds, else the first that does not, or the error."""
    run = code + "\n" + "\n".join(f"if not ({a}):\n    raise SystemExit({a!r})" for a in asserts)
    try:
        done = subprocess.run([sys.executable, "-I", "-c", run], capture_output=True, text=True, timeout=10,
                              preexec_fn=limits, check=False)  # noqa: PLW1509
    except subprocess.TimeoutExpired:
        return "out of time"
    return None if done.returncode == 0 else (done.stderr.strip() or "failed").split("\n")[-1]


def catalogue(kind, template, e):
    """A candidate's function for entity e, worded and with asserts."""
    words = {**e, "keys": ", ".join(f'"{n}"' for n in e["numbers"]), "choices": ", ".join(e["choices"]), "required": ", ".join(e["required"])}
    return worded(kind, template["name"].format(**words), template["params"], template["what"].format(**words), e)


def offered(template, e):
    """The same for a function of blueprint.json, whose words are Mustache: as much of it as they use."""
    what = re.sub(r"\{\{#entity\.numbers\}\}(.*?)\{\{/entity\.numbers\}\}", lambda m: "".join(
        re.sub(r"\{\{\^last\}\}(.*?)\{\{/last\}\}", "" if n == e["numbers"][-1] else r"\1", m.group(1)).replace("{{name}}", n)
        for n in e["numbers"]), template["what"])
    what = what.replace("{{entity.label_field}}", e["label"])
    assert "{{" not in what, what
    return worded(template["kind"], template["name"].format(**e), ", ".join(p["name"] for p in template["params"]), what, e)


def worded(kind, name, params, what, e):
    asserts = LABEL if kind == "label" else [f"{name}({', '.join(map(repr, args))}) == {want!r}" for args, want in CASES[kind](e)]
    asserts = [a.replace("CALL", name).replace("FIELD", e["label"]) for a in asserts]
    return {"name": name, "params": params, "what": what, "examples": asserts[:1], "hidden": asserts[1:], "kind": kind}


# As each/test_function_label.py.mustache asks: the line is free but for this.
LABEL = ["(lambda s: isinstance(s, str) and 'Ab c' in s and '\\n' not in s and len(s) <= 300)(CALL({'id': 7, 'version': 1, 'FIELD': 'Ab c', 'other': 'x', 'n': 3}))",
         "(lambda s: 'Ab c' in s and 'None' not in s)(CALL({'id': 7, 'version': 1, 'FIELD': 'Ab c', 'other': None, 'n': None}))"]


def title(e):
    one, two = e["label"], e["second"]
    return [(({one: "Ab", two: "c d"},), "Ab (c d)"), (({one: "Ab"},), "Ab"), (({one: "Ab", two: None},), "Ab"), (({one: "x", two: ""},), "x")]


def totals(e):
    first = {n: i + 1 for i, n in enumerate(e["numbers"])}
    second = {n: 10 for n in e["numbers"]}
    return [(([first, second],), {"count": 2, **{n: first[n] + 10 for n in e["numbers"]}}), (([],), {"count": 0, **{n: 0 for n in e["numbers"]}}),
            (([{n: None for n in e["numbers"]}, first],), {"count": 2, **first}), (([{}],), {"count": 1, **{n: 0 for n in e["numbers"]}})]


def sums(e):
    """As totals, where the caller leaves empty values out: `.get(key, 0)`, which is what the model writes, is then right."""
    return [case for case in totals(e) if "None" not in repr(case[0])] + [(([{e["numbers"][0]: 3}, {}],), {"count": 2, **{n: 0 for n in e["numbers"]}, e["numbers"][0]: 3})]


def counts(e):
    none, choice = {c: 0 for c in e["choices"]}, e["choice"]
    one, last = e["choices"][0], e["choices"][-1]
    return [(([{choice: last}, {choice: one}, {choice: last}],), {**none, one: 1, last: 2}), (([],), none), (([{choice: one}],), {**none, one: 1})]


def matches(e):
    one, two = e["label"], e["second"]
    record = {one: "Blue Lamp", two: "Xy-7"}
    return [((record, "lamp"), True), ((record, "xY"), True), ((record, "green"), False), (({one: "Blue", two: None}, "none"), False), (({}, "a"), False)]


def missing(e):
    full = {r: "x" for r in e["required"]}
    first, last = e["required"][0], e["required"][-1]
    return [(({**full, last: None},), [last]), ((full,), []), (({},), e["required"]), (({**full, first: ""},), [first]), (({**full, first: "", last: None},), [first, last])]


def latest(e):
    d = e["date"]
    old, new, none = {d: "2025-03-01"}, {d: "2026-01-02"}, {d: None}
    return [(([old, new],), new), (([new, old],), new), (([],), None), (([none, old],), old), (([none],), None), (([{}, new],), new)]


CASES = {"title": title, "sums": sums, "totals": totals, "counts": counts, "matches": matches, "missing": missing, "latest": latest}


def search(server, prompt, function, examples, most):
    """Samples until one passes everything: its number (0 none), why the earlier ones failed, tokens of all, code, and
    what the first that passes the user's examples is worth: "right", "wrong" or "none". That one is what a run keeps."""
    doc = function["what"]
    if examples:
        doc += "\n\n" + "\n".join("    " + e.replace(" == ", " -> ") for e in function["examples"]) + "\n    "
    words = {"name": function["name"], "signature": f"def {function['name']}({function['params']}):", "docstring": doc, "what": function["what"]}
    n, tokens, whys, seen, kept = 0, 0, [], set(), "none"
    for temperature in [t for t, times in TIMES for _ in range(times)][:most]:
        n += 1
        text, generated, _, _ = server.ask(prompt.messages(words), temperature, int(prompt.settings["max_tokens"]), seed=n)
        tokens += generated
        code, why = place(text, function["name"])
        if code is not None and code in seen:
            why = "the same again"
        elif code is not None:
            seen.add(code)
            why = judge(code, function["examples"])
            if why is None:
                why = judge(code, function["hidden"])
                kept = kept if kept != "none" else "wrong" if why else "right"
            if why is None:
                return n, whys, tokens, code, kept
        whys.append(why)
    return 0, whys, tokens, "", kept
