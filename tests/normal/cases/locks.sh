# file locks: flock, fcntl, O_EXCL, leases of a lock file
# needs: flock python3
(flock 9; sleep 0.3) 9>lock & sleep 0.1; no flock -n lock true; flock lock true; wait
python3 - <<'P'
import fcntl, os, subprocess, sys
f = open("l", "w"); fcntl.lockf(f, fcntl.LOCK_EX)
assert subprocess.call([sys.executable, "-c", "import fcntl\ntry: fcntl.lockf(open('l', 'w'), fcntl.LOCK_EX | fcntl.LOCK_NB)\nexcept OSError: raise SystemExit(3)"]) == 3
os.close(os.open("x", os.O_CREAT | os.O_EXCL)); 
try: os.open("x", os.O_CREAT | os.O_EXCL); raise SystemExit("twice")
except FileExistsError: pass
P
