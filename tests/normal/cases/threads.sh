# many threads and processes: 200 threads, 100 children
# needs: python3
python3 - <<'P'
import threading, subprocess
e = threading.Event(); t = [threading.Thread(target=e.wait) for _ in range(200)]; [x.start() for x in t]; e.set(); [x.join() for x in t]
p = [subprocess.Popen(["sleep", "0.2"]) for _ in range(100)]; assert not any(x.wait() for x in p)
P
