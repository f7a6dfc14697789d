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
import functions  # noqa: E402
import specs  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
PROMPTS = os.path.join(HERE, "../../share/blueprints/crud-service/prompts")
POOL = concurrent.futures.ThreadPoolExecutor(4)  # a server of sealwright's answers several at once


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
            shown = "".join(t for _, t in prompt.turns)
            raw = specs.grade(want, text, finish, shown)
            cured = specs.grade(want, specs.cure(want["words"], text), finish, shown) if raw["valid"] else raw
            kept.append({"id": want["id"], "temperature": temperature, "text": text, "tokens": generated, **raw})
            if o.verbose:
                print(f"# {want['id']}: {text}\n#   {generated} tokens; cured: "
                      f"{'; '.join(cured['missed'] + cured['odd'] + cured['faults'] + cured['wrong_types'])}", flush=True)
            for name, g in (("as answered", raw), ("cured", cured)):
                sums.setdefault((want["set"], name), []).append(row(g, generated, prompted))
        for (name, how), rows in sums.items():
            print_specs(f"{name}, temperature {temperature:g}, {how}", rows)
    return kept


def row(g, generated, prompted):
    whole = g["valid"] and g["entities"][0] == g["entities"][1] and not g["odd"]
    return (g["valid"], whole, *g["entities"], len(g["odd"]), *g["fields"], *g["typed"], *g["refs"], len(g["faults"]),
            len(g["wrong_types"]), len(g["copied"]), g["n_fields"], generated, prompted)


def print_specs(title, rows):
    s = [sum(column) for column in zip(*rows)]
    print(f"{title}: valid {s[0]}/{len(rows)}, specs with all entities {s[1]}/{len(rows)} (entities {s[2]}/{s[3]}, {s[4]} odd), "
          f"fields {s[5]}/{s[6]}, type right {s[7]}/{s[8]}, refs {s[9]}/{s[10]}, faults {s[11]}, types against the name {s[12]}, "
          f"choices copied {s[13]}, fields a spec {s[14] / len(rows):.1f}, tokens {s[15] / len(rows):.0f} "
          f"(max {max(r[15] for r in rows)}), prompt {max(r[16] for r in rows)}", flush=True)


def measure_functions(o, server):
    """Each function once without and once with the user's examples in its docstring."""
    prompt, d, kept = ask.Prompt(o.function_prompt or os.path.join(PROMPTS, "function.md")), data("functions.json"), []
    groups = {"free": d["free"]}
    for template in data(os.path.abspath(o.blueprint))["functions"]:
        groups[template["kind"]] = [functions.offered(template, e) for e in d[o.entities]]
    for kind, template in d["catalogue"].items():
        groups[kind] = [functions.catalogue(kind, template, e) for e in d[o.entities]]
    for group, wanted in groups.items():
        wanted = [f for f in wanted if not o.only or group in o.only or f["name"] in o.only]
        for examples in o.examples if wanted else ():
            answers = POOL.map(lambda f: functions.search(server, prompt, f, examples, o.samples), wanted)  # noqa: B023
            rows = []
            for f, (n, whys, tokens, code, by_examples) in zip(wanted, answers):
                rows.append((n == 1, n > 0, tokens, n or len(whys), by_examples == "right", by_examples == "wrong"))
                kept.append({"function": f["name"], "group": group, "examples": examples, "sample": n, "whys": whys, "tokens": tokens,
                             "code": code, "kept_by_examples": by_examples})
                if o.verbose:
                    print(f"# {f['name']}: sample {n}; {' | '.join(whys)}", flush=True)
            s = [sum(column) for column in zip(*rows)]
            print(f"{group}, {'with' if examples else 'without'} the user's examples: greedy {s[0]}/{len(rows)}, "
                  f"within {o.samples} {s[1]}/{len(rows)}; the first that fits the examples: right {s[4]}, wrong {s[5]}; "
                  f"samples {s[3] / len(rows):.1f}, tokens {s[2] / len(rows):.0f}", flush=True)
    return kept


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
    p.add_argument("--function-prompt", help="another prompt file for functions")
    p.add_argument("--examples", nargs="+", type=int, default=[0, 1], help="0 without, 1 with the user's examples in the docstring")
    p.add_argument("--blueprint", default=os.path.join(PROMPTS, "../blueprint.json"), help="another wording of its functions")
    p.add_argument("--entities", choices=["entities", "held-out"], default="entities", help="for the catalogue's functions")
    p.add_argument("--samples", type=int, default=9, help="of a function, at most")
    p.add_argument("--keep", help="write every answer and its grade to this file")
    p.add_argument("--verbose", action="store_true")
    o = p.parse_args()
    server, kept = ask.Server(o.base_url, o.key_file, o.model), []
    if o.what in ("specs", "all"):
        kept += measure_specs(o, server)
    if o.what in ("functions", "all"):
        kept += measure_functions(o, server)
    print(f"{server.calls} answers in {server.seconds:.0f} s")
    if o.keep:
        with open(o.keep, "w", encoding="utf-8") as f:
            json.dump(kept, f, indent=1)


main()
