#!/usr/bin/env python3
"""What sealwright's agent loop costs, as ratios to a C program that does the least (floor.c), in one run.

    run.py BUILD [--quick]

Both work on the same scripted model (server.c), N turns of `echo hi` through a shell. CPU is user + system of the process
and its children (wait4), the least of several runs; wall time is told by the server: from an answer's last byte to the next
request's. Nothing here is a pass or fail of CI: figures depend on the machine, ratios less so.

SPDX-License-Identifier: Apache-2.0
"""
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

B = os.path.abspath(sys.argv[1])
QUICK = "--quick" in sys.argv
RUNS = 3 if QUICK else 7
top = tempfile.mkdtemp(prefix="bench.", dir="/tmp")
# The state folder stands in memory: what a disk takes to sync is told apart, below.
state = tempfile.mkdtemp(prefix="bench.", dir="/dev/shm")
env = {"PATH": os.environ["PATH"], "HOME": top, "XDG_STATE_HOME": state, "XDG_CACHE_HOME": top, "LC_ALL": "C.UTF-8",
       "SEALWRIGHT_SHARE": os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../share")}
work = os.path.join(top, "work")
os.mkdir(work)


class Server:
    def __init__(self, turns):
        self.port_file = os.path.join(top, f"port-{turns}")
        self.p = subprocess.Popen([f"{B}/bench/server", str(turns), self.port_file], stdout=subprocess.PIPE, text=True)
        while not (os.path.exists(self.port_file) and open(self.port_file, encoding="ascii").read().endswith("\n")):
            time.sleep(0.01)
        self.url = "http://127.0.0.1:" + open(self.port_file, encoding="ascii").read().strip() + "/v1"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.p.kill()
        self.p.wait()


def measure(argv, more=None):
    """CPU in ms, peak RSS in KiB of the process itself (not of its children)."""
    peak = 0
    pid = os.posix_spawn(argv[0], argv, {**env, **(more or {})}, file_actions=[
        (os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0), (os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0),
        (os.POSIX_SPAWN_OPEN, 2, os.path.join(top, "err"), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)])
    _, status, ru = os.wait4(pid, 0)
    peak = ru.ru_maxrss
    if status:
        sys.exit(f"{' '.join(argv)} ended with {status}: {open(os.path.join(top, 'err'), encoding='utf-8').read()}")
    return (ru.ru_utime + ru.ru_stime) * 1000, peak


def best(argv, server=None, runs=RUNS):
    """The least CPU, that run's RSS, the server's account of the run with the least gap."""
    found = [(*measure(argv), json.loads(server.p.stdout.readline()) if server else None) for _ in range(runs)]
    cpu, rss = min(f[0] for f in found), min(f[1] for f in found)
    return cpu, rss, min((f[2] for f in found), key=lambda x: x["gap_median_us"]) if server else None


def ours(url, sandbox="off"):
    return [f"{B}/sealwright", "exec", "--model", "bench", "--base-url", url, "--sandbox", sandbox, "--quiet", "work"]


rows = []


def row(name, value, floor, unit, goal, digits=2):
    ratio = f"{value / floor:.2f}x" if floor else ""
    rows.append((name, f"{value:.{digits}f}", f"{floor:.{digits}f}" if floor is not None else "-", ratio, f"{goal:g}", unit,
                 "met" if value <= goal else "NOT MET"))


def main():
    os.chdir(work)
    true = best(["/bin/true"], runs=RUNS * 3)[0]
    version = best([f"{B}/sealwright", "--version"], runs=RUNS * 3)[0]
    row("--version, CPU", version, true, "ms", 2)
    with Server(1) as s:
        f1, o1 = best([f"{B}/bench/floor", s.url + "/chat/completions"], s), best(ours(s.url), s)
    row("one-turn run, CPU", o1[0], f1[0], "ms", 25)
    with Server(50) as s:
        f50, o50 = best([f"{B}/bench/floor", s.url + "/chat/completions"], s), best(ours(s.url), s)
    with Server(200) as s:
        f200, o200 = best([f"{B}/bench/floor", s.url + "/chat/completions"], s), best(ours(s.url), s)
        own = best(ours(s.url, "own"), s, max(2, RUNS // 2)) if subprocess.run(
            ours(s.url, "own"), env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False).returncode == 0 else None
        if own:
            s.p.stdout.readline()
    row("CPU a turn, 50 turns", (o50[0] - o1[0]) / 49, (f50[0] - f1[0]) / 49, "ms", 2)
    row("CPU a turn, 200 turns", (o200[0] - o50[0]) / 150, (f200[0] - f50[0]) / 150, "ms", 2)
    row("added to a turn, wall, median", o200[2]["gap_median_us"] / 1000, f200[2]["gap_median_us"] / 1000, "ms", 2)
    row("RSS at 200 turns", o200[1] / 1024, f200[1] / 1024, "MB", 16, 1)
    row("bytes a turn upstream", o200[2]["per_turn"], f200[2]["per_turn"], "B", 230, 0)
    row("first request", o1[2]["first"] / 1000, f1[2]["first"] / 1000, "KB", 8, 1)
    row("connections a session", o200[2]["connections"], f200[2]["connections"], "", 1, 0)
    if own:
        row("sandboxed command over a plain one, CPU", own[0] / 201 - o200[0] / 201, None, "ms", 2)
        row("sandboxed turn, wall, median", own[2]["gap_median_us"] / 1000, f200[2]["gap_median_us"] / 1000, "ms", 6)
    row("binary, stripped", stripped() / 1e6, None, "MB", 1)
    widths = [max(len(r[i]) for r in rows + [HEAD]) for i in range(7)]
    for r in [HEAD, *rows]:
        print("  ".join(c.ljust(w) if i in (0, 6) else c.rjust(w) for i, (c, w) in enumerate(zip(r, widths))).rstrip())
    print(f"\nNot in these figures: {sync_ms():.2f} ms that one fdatasync takes on this machine's disk; a turn has two.")


HEAD = ("measure", "sealwright", "floor", "ratio", "goal", "unit", "")


def stripped():
    out = os.path.join(top, "stripped")
    subprocess.run(["strip", "-o", out, f"{B}/sealwright"], check=True)
    return os.path.getsize(out)


def sync_ms():
    with open(os.path.join(top, "sync"), "wb", buffering=0) as f:
        start = time.monotonic()
        for _ in range(50):
            f.write(b"x" * 300)
            os.fdatasync(f.fileno())
        return (time.monotonic() - start) * 20


try:
    main()
finally:
    shutil.rmtree(top)
    shutil.rmtree(state)
