#!/usr/bin/env python3
"""kill -9 at many instants: `make soak-exec KILLS=1000`.

    soak.py BUILD KILLS [own|off]

exec works through scripted turns, each a command that appends its number to a file; it is killed after a random time and
resumed, over and over. In the end every turn stands in the log once and in order, and every number stands in the file once,
unless its result says that a kill cut it off; then at most once. In the sandbox (own) the file stands in the session's layer until the
end, so kills strike its making, its keeping and its dropping too.

SPDX-License-Identifier: Apache-2.0
"""
import collections
import json
import glob
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

B, KILLS = os.path.abspath(sys.argv[1]), int(sys.argv[2])
SANDBOX = sys.argv[3] if len(sys.argv) > 3 else "off"
SEED = int(os.environ.get("SEED", time.time_ns() % 100000))
TURNS = 40
random.seed(SEED)


def session(top):
    """One session to its end; how often it was killed."""
    work = os.path.join(top, "work")
    os.mkdir(work)
    port = os.path.join(top, "port")
    server = subprocess.Popen([f"{B}/bench/server", str(TURNS), port, "echo %d >>ran"], stdout=subprocess.DEVNULL)
    env = {"PATH": os.environ["PATH"], "HOME": top, "XDG_STATE_HOME": top}
    killed, began = 0, False
    try:
        while not (os.path.exists(port) and open(port, encoding="ascii").read().endswith("\n")):
            time.sleep(0.01)
        url = "http://127.0.0.1:" + open(port, encoding="ascii").read().strip() + "/v1"
        common = ["--model", "bench", "--base-url", url, "--sandbox", SANDBOX, "--quiet"]
        while True:
            argv = [f"{B}/sealwright", "resume", *common] if began else [f"{B}/sealwright", "exec", *common, "work"]
            p = subprocess.Popen(argv, cwd=work, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            try:
                out, err = p.communicate(timeout=random.expovariate(1 / (0.05 if SANDBOX == "off" else 0.15)))
            except subprocess.TimeoutExpired:
                p.send_signal(signal.SIGKILL)
                p.communicate()
                killed += 1
                began = began or bool(glob.glob(f"{top}/sealwright/sessions/*/log.jsonl"))
                continue
            if p.returncode == 0:
                assert out == "done\n", out
                return killed
            if began and "no session" in err:  # killed before its first line was whole
                began = False
                continue
            sys.exit(f"resume ended with {p.returncode}: {err}")
    finally:
        server.kill()
        server.wait()


def check(top):
    logs = sorted(glob.glob(f"{top}/sealwright/sessions/*/log.jsonl"), key=os.path.getmtime)
    turns, told, ids, usages = [], set(), [], 0
    for line in open(logs[-1], encoding="utf-8"):
        e = json.loads(line)
        d = e["data"]
        if e["type"] == "reply":
            turns.append(d["turn"])
        usages += e["type"] == "usage"
        if e["type"] == "tool.result":
            ids.append(d["id"])
            if "was killed while this ran" in d["text"]:
                told.add(int(d["id"].split("_")[1]))
    if SANDBOX == "own":
        assert not os.listdir(f"{top}/sealwright/layers"), "a layer is left"
    assert turns == list(range(1, TURNS + 2)), turns
    assert usages == TURNS + 1, usages
    assert ids == [f"call_{i}" for i in range(TURNS)], ids
    ran = collections.Counter(int(x) for x in open(f"{top}/work/ran", encoding="ascii").read().split())
    for i in range(TURNS):
        assert ran[i] == 1 or (ran[i] == 0 and i in told), f"turn {i} ran {ran[i]} times, told: {i in told}"
    return len(told)


def main():
    killed = told = sessions = 0
    while killed < KILLS:
        top = tempfile.mkdtemp(prefix="soak.", dir="/dev/shm" if SANDBOX == "off" else None)
        try:
            killed += session(top)
            told += check(top)
            sessions += 1
        finally:
            shutil.rmtree(top)
    print(f"{killed} kills in {sessions} sessions of {TURNS} turns: no turn lost, none doubled; "
          f"{told} commands were cut off and said so (seed {SEED})")


main()
