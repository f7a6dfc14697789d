#!/usr/bin/env python3
"""How well a local model fills a blueprint: specifications from intents, and functions under hidden asserts.

`make bench-local` starts the server and runs it. The figures of docs/decisions/prompts-small-models.md come from here;
--prompt and --schema try another wording on the same intents.

SPDX-License-Identifier: Apache-2.0
"""
import argparse
import concurrent.futures
import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import ask  # noqa: E402
import specs  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
PROMPTS = os.path.join(HERE, "../../share/blueprints/crud-service/prompts")
POOL = concurrent.futures.ThreadPoolExecutor(3)  # a server of sealwright's answers several at once


def data(name):
    with open(os.path.join(HERE, name), encoding="utf-8") as f:
        return json.load(f)


def measure_specs(o, server):
    prompt = ask.Prompt(o.prompt or os.path.join(PROMPTS, "spec.md"))
    with open(o.schema or os.path.join(PROMPTS, "spec.schema.json"), encoding="utf-8") as f:
        schema = json.load(f)
    kept = []
    for temperature in o.temperature:
        sums = {}
        wants = [w for w in data("specs.json")["intents"] if w["set"] in o.set and (not o.only or w["id"] in o.only)]
        answers = POOL.map(lambda w: server.ask(prompt.messages({"words": w["words"]}), temperature,  # noqa: B023
                                                int(prompt.settings["max_tokens"]), schema), wants)
        for want, (text, generated, prompted, finish) in zip(wants, answers):
            g = specs.grade(want, text, finish, "".join(t for _, t in prompt.turns))
            kept.append({"id": want["id"], "temperature": temperature, "text": text, "tokens": generated, **g})
            if o.verbose:
                print(f"# {want['id']}: {text}\n#   {generated} tokens; {'; '.join(g['missed'] + g['odd'] + g['faults'] + g['wrong_types'] + g['copied'])}", flush=True)
            add(sums.setdefault(want["set"], []), g, generated, prompted)
        for name, rows in sums.items():
            print_specs(f"{name}, temperature {temperature:g}", rows)
    return kept


def add(rows, g, generated, prompted):
    whole = g["valid"] and g["entities"][0] == g["entities"][1] and not g["odd"]
    rows.append((g["valid"], whole, *g["entities"], len(g["odd"]), *g["fields"], *g["typed"], *g["refs"],
                 len(g["faults"]), len(g["wrong_types"]), len(g["copied"]), g["n_fields"], generated, prompted))


def print_specs(title, rows):
    s = [sum(column) for column in zip(*rows)]
    print(f"{title}: valid {s[0]}/{len(rows)}, entities all right {s[1]}/{len(rows)} ({s[2]} of {s[3]}, {s[4]} odd), "
          f"fields {s[5]}/{s[6]}, of these type right {s[7]}/{s[8]}, refs {s[9]}/{s[10]}, faults {s[11]}, types against the name {s[12]}, "
          f"choices copied {s[13]}, fields a spec {s[14] / len(rows):.1f}, tokens {s[15] / len(rows):.0f} "
          f"(max {max(r[15] for r in rows)}), prompt {max(r[16] for r in rows)}", flush=True)


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    p.add_argument("what", choices=["specs", "functions", "all"])
    p.add_argument("--base-url", required=True)
    p.add_argument("--key-file", required=True)
    p.add_argument("--model", default="local")
    p.add_argument("--set", nargs="+", default=["plain", "explicit", "held-out"])
    p.add_argument("--only", nargs="+", help="ids of the intents or functions")
    p.add_argument("--temperature", nargs="+", type=float, default=[0.0])
    p.add_argument("--prompt", help="another prompt file")
    p.add_argument("--schema", help="another schema")
    p.add_argument("--keep", help="write every answer and its grade to this file")
    p.add_argument("--verbose", action="store_true")
    o = p.parse_args()
    server, kept = ask.Server(o.base_url, o.key_file, o.model), []
    if o.what in ("specs", "all"):
        kept += measure_specs(o, server)
    print(f"{server.calls} answers in {server.seconds:.0f} s")
    if o.keep:
        with open(o.keep, "w", encoding="utf-8") as f:
            json.dump(kept, f, indent=1)


main()
