"""Grades the draft of a specification against what a person would expect (specs.json).

Names are compared as a|b alternatives. A field counts when name and type fit; a wrong type is counted of its own, as a
reader's code could cure it by the name (`email: text`). Faults are what no skeleton could be made from.

SPDX-License-Identifier: Apache-2.0
"""
import json
import keyword
import re

FIELD = re.compile(r"([a-z][a-z0-9_]*): (ref(?= )|[a-z_]+)(?:\(([^)]*)\)|(?<=ref) ([a-z][a-z0-9_]*))?( required)?( unique)?$")
RESERVED = {"id", "created_at", "updated_at", "version"}
# What a field's name says of its type; the first that fits counts.
TELLS = [(r"(^|_)e?mail$", "email"), (r"(^|_)(phone|telephone|mobile)(_number)?$", "phone"), (r"(^|_)(url|website|link)$", "url"),
         (r"(_on|(^|_)date|birth|dob|birthday)$", "date datetime"), (r"_at$", "datetime time date"), (r"_time$", "time datetime whole decimal text"),
         (r"(^|_)(price|cost|fee|amount|salary|total|budget)$", "money decimal whole"),
         (r"(^|_)(quantity|capacity|seats|stock|servings|count|age|party_size|mileage)$", "whole decimal"),
         (r"^(status|state)$", "choice"), (r"^(name|title|first_name|last_name|address|isbn|sku|description|notes|author)$", "text long_text ref")]


def same(name, names):
    return re.sub(r"_", "", name) in re.sub(r"_", "", names).split("|")


def mechanical(entities):
    """What is wrong whatever the domain: names, doubles, references to nothing."""
    faults, names = [], [e["name"] for e in entities]
    for e in entities:
        seen = set()
        if names.count(e["name"]) > 1 and e["name"] not in [f.split(" ")[0] for f in faults]:
            faults.append(f"{e['name']} twice")
        if keyword.iskeyword(e["name"]):
            faults.append(f"{e['name']} is a keyword")
        if e.get("plural") == e["name"]:
            faults.append(f"{e['name']} is its own plural")
        if not any(f[4] for f in e["parsed"]):
            faults.append(f"{e['name']} requires nothing")
        for name, kind, choices, ref, _, _ in e["parsed"]:
            if name in seen:
                faults.append(f"{e['name']}.{name} twice")
            seen.add(name)
            if name in RESERVED or keyword.iskeyword(name):
                faults.append(f"{e['name']}.{name} is reserved")
            if kind == "ref" and (ref not in names or ref == e["name"]):
                faults.append(f"{e['name']}.{name} refers to {ref}")
            if kind == "choice" and len(set(choices.split("|"))) != choices.count("|") + 1:
                faults.append(f"{e['name']}.{name} doubles a choice")
    return faults


def wrong_types(entities):
    found = []
    for e in entities:
        for name, kind, *_ in e["parsed"]:
            for pattern, kinds in TELLS:
                if re.search(pattern, name):
                    if kind not in kinds.split():
                        found.append(f"{e['name']}.{name}: {kind}")
                    break
    return found


def grade(want, text, finish, prompt=""):
    """One draft: counts as (right, of) pairs and lists of what is wrong. prompt: where choices may have been copied from."""
    g = {"valid": 0, "entities": [0, len(want["entities"])], "odd": [], "fields": [0, 0], "typed": [0, 0], "refs": [0, 0], "faults": [],
         "wrong_types": [], "copied": [], "missed": [], "n_fields": 0}
    for w in want["entities"]:
        g["fields"][1] += len(w["must"])
        g["refs"][1] += len(w.get("refs", []))
    g["refs"][1] += len(want.get("anyref", []))
    try:
        entities = json.loads(text)["entities"]
        for e in entities:
            e["parsed"] = [FIELD.match(f).groups() for f in e["fields"]]
    except (ValueError, KeyError, TypeError, AttributeError):
        g["missed"].append("no valid answer: " + finish)
        return g
    g["valid"] = int(finish == "stop")
    g["n_fields"] = sum(len(e["parsed"]) for e in entities)
    g["faults"], g["wrong_types"] = mechanical(entities), wrong_types(entities)
    g["copied"] = [f"{e['name']}.{f[0]} copies {f[2]}" for e in entities for f in e["parsed"] if f[2] and f"({f[2]})" in prompt]
    taken = []
    for w in want["entities"]:
        entity = next((e for n in w["name"].split("|") for e in entities if same(e["name"], n) and e not in taken), None)
        if entity is None:
            g["missed"].append(w["name"].split("|")[0])
            continue
        taken.append(entity)
        g["entities"][0] += 1
        grade_fields(g, w, entity)
    for names in want.get("anyref", []):
        g["refs"][0] += any(f[1] == "ref" and same(f[3], names) for e in entities for f in e["parsed"])
    g["odd"] = [e["name"] for e in entities if e not in taken and not same(e["name"], want["also"])]
    return g


def grade_fields(g, want, entity):
    for must in want["must"]:
        names, kinds = must.split(": ")
        kinds, unique = kinds.replace(" unique", ""), kinds.endswith(" unique")
        fits = [f for f in entity["parsed"] if same(f[0], names)]
        if not fits:
            g["missed"].append(f"{entity['name']}.{names.split('|')[0]}")
            continue
        g["fields"][0] += 1
        g["typed"][1] += 1
        if any(f[1] in kinds.split("|") and (f[5] or not unique) for f in fits):
            g["typed"][0] += 1
        else:
            g["missed"].append(f"{entity['name']}.{fits[0][0]} is {fits[0][1]}, not {must.split(': ')[1]}")
    for names in want.get("refs", []):
        if any(f[1] == "ref" and same(f[3], names) for f in entity["parsed"]):
            g["refs"][0] += 1
        else:
            g["missed"].append(f"{entity['name']} -> {names.split('|')[0]}")


def stem(name):
    """A singular to compare by: categories, classes, items -> category, class, item."""
    name = name.replace(" ", "_").replace("-", "_").lower()
    for end, to in (("ies", "y"), ("sses", "ss"), ("xes", "x"), ("ches", "ch"), ("ss", "ss"), ("us", "us"), ("is", "is"), ("s", "")):
        if name.endswith(end):
            return name[:-len(end)] + to
    return name


def cure(words, text):
    """What code does to a draft before it counts: references to nothing and entities that only a field speaks of.

    - names listed without an entity, and a reference to an absent entity that the words name: the entity is added;
      a reference to any other absent entity becomes text;
    - a field in the plural that refers (`lines: ref line_item`) means the opposite: line_item refers to this entity;
    - a field whose plural stands in the words (`with categories`, category: choice(…)) is an entity and a reference.
    """
    draft = json.loads(text)
    said = {stem(w) for w in re.findall(r"[a-z]+", words.lower())}
    said |= {"_".join(p).lower() for p in zip(*[[stem(w) for w in re.findall(r"[A-Za-z]+", words)][i:] for i in (0, 1)])}
    plurals = {stem(w) for w in re.findall(r"[a-z]+", words.lower()) if stem(w) != w}
    entities = draft["entities"]
    names = {e["name"] for e in entities}

    def entity(name):
        if name not in names and len(entities) < 8:
            names.add(name)
            entities.append({"name": name, "plural": name + "s", "fields": ["name: text required"]})
        return next((e for e in entities if e["name"] == name), None)

    for name in draft.get("names", []):
        if name in said:
            entity(name)
    for e in list(entities):
        fields = []
        for field in e["fields"]:
            name, kind, choices, ref, required, unique = FIELD.match(field).groups()
            if name in RESERVED:
                continue
            child = stem(name) if kind in ("choice", "text", "long_text") else ref
            if stem(name) != name and (kind == "ref" or stem(name) in said and stem(name) not in names and kind == "choice"):
                other = entity(child)
                if other and other is not e and not any(f": ref {e['name']}" in f for f in other["fields"]):
                    other["fields"].insert(0, f"{e['name']}: ref {e['name']} required")
                continue
            if kind == "ref" and ref not in names:
                if ref in said or stem(ref) in said:
                    entity(ref)
                else:
                    field = f"{name}: text{required or ''}"
            elif kind in ("choice", "text") and name in plurals and name != e["name"]:
                entity(name)
                field = f"{name}: ref {name}{required or ''}"
            fields.append(field)
        e["fields"] = fields
    return json.dumps(draft)
