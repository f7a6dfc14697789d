"""A prompt file, a local model's server, and one question put to it.

The prompt file is read as the blueprint engine reads it (docs/decisions/prompts-small-models.md), so that what is
measured is what runs.

SPDX-License-Identifier: Apache-2.0
"""
import json
import re
import time
import urllib.request


class Prompt:
    """Turns from a file of `=== role` sections; `=== settings` holds `key value` lines."""

    def __init__(self, path):
        self.turns, self.settings = [], {}
        with open(path, encoding="utf-8") as f:
            parts = re.split(r"^=== (\w+)\n", f.read(), flags=re.M)
        for role, text in zip(parts[1::2], parts[2::2]):
            text = text.strip("\n")
            if role == "settings":
                self.settings = {k: float(v) for k, v in (line.split() for line in text.split("\n"))}
            else:
                self.turns.append((role, text))

    def messages(self, words):
        """Variables are put in with one pass, so that a value with braces in it stays as it is."""
        def fill(text):
            return re.sub(r"\{\{(\w+)\}\}", lambda m: words[m.group(1)], text)
        return [{"role": role, "content": fill(text)} for role, text in self.turns]


class Server:
    def __init__(self, base_url, key_file, model):
        self.url, self.model, self.calls, self.seconds = base_url.rstrip("/") + "/chat/completions", model, 0, 0.0
        with open(key_file, encoding="ascii") as f:
            self.key = f.read().strip()

    def ask(self, messages, temperature, max_tokens, schema=None, seed=1):
        """The text of one answer, its generated tokens, its prompt's tokens, and why it ended."""
        body = {"model": self.model, "messages": messages, "temperature": temperature, "max_tokens": max_tokens, "seed": seed}
        if schema:
            body["response_format"] = {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema, "strict": True}}
        request = urllib.request.Request(self.url, json.dumps(body).encode(), {
            "Content-Type": "application/json", "Authorization": "Bearer " + self.key})
        began = time.monotonic()
        with urllib.request.urlopen(request, timeout=600) as reply:
            got = json.load(reply)
        self.calls += 1
        self.seconds += time.monotonic() - began
        choice, usage = got["choices"][0], got["usage"]
        return choice["message"]["content"] or "", usage["completion_tokens"], usage["prompt_tokens"], choice["finish_reason"]
