# python: unittest, a venv, threads, asyncio subprocesses, sqlite, byte code
# needs: python3
printf 'import unittest\nclass T(unittest.TestCase):\n    def test(self): self.assertEqual(1, 1)\n' >test_it.py; python3 -m unittest -q test_it 2>/dev/null
python3 -m venv --without-pip v; v/bin/python -c 'import sys; assert sys.prefix != sys.base_prefix'; python3 -m compileall -q test_it.py
python3 - <<'P'
import asyncio, concurrent.futures as f, sys, tempfile, getpass, platform, pwd, os, ssl, locale
async def main():
    p = await asyncio.create_subprocess_exec("cat", stdin=-1, stdout=-1); o, _ = await p.communicate(b"x"); assert o == b"x"
asyncio.run(main()); assert sum(f.ThreadPoolExecutor(8).map(int, "123")) == 6; assert sum(f.ProcessPoolExecutor(2).map(int, "123")) == 6
tempfile.TemporaryDirectory().cleanup(); assert getpass.getuser(); platform.platform(); os.path.expanduser("~"); ssl.create_default_context()
os.get_terminal_size if sys.stdout.isatty() else None; locale.setlocale(locale.LC_ALL, ""); assert os.cpu_count() >= 1; os.getloadavg(); os.sched_getaffinity(0)
P
