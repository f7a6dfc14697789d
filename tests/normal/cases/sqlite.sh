# sqlite with a write-ahead log, two writers, in the tree and in /tmp
# needs: python3
python3 - <<'P'
import multiprocessing as m, sqlite3
def w(f):
    c = sqlite3.connect(f, timeout=10)
    for i in range(20): c.execute("insert into t values (?)", (i,)); c.commit()
if __name__ == "__main__":
    for f in ("a.db", "/tmp/a.db"):
        c = sqlite3.connect(f); assert c.execute("pragma journal_mode=wal").fetchone()[0] == "wal"; c.execute("create table t (x)"); c.commit()
        p = [m.Process(target=w, args=(f,)) for _ in range(2)]; [x.start() for x in p]; [x.join() for x in p]
        assert c.execute("select count(*) from t").fetchone()[0] == 40; c.execute("pragma wal_checkpoint(truncate)"); c.close()
P
