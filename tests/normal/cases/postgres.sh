# postgres: initdb, start, a client on loopback and on a unix socket, stop
bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | tail -1); test -n "$bin" || { echo "no postgres"; exit 77; }
test "$(id -u)" != 0 || { echo "postgres refuses user 0"; exit 77; }
"$bin"/initdb -D pg -A trust -N >/dev/null; "$bin"/pg_ctl -D pg -o "-k /tmp -p 5599 -h 127.0.0.1" -l log -w start >/dev/null
"$bin"/psql -h 127.0.0.1 -p 5599 -d postgres -tc 'create table t (x int); insert into t values (42); select x from t' | grep -q 42
"$bin"/psql -h /tmp -p 5599 -d postgres -tc 'select 41 + 1' | grep -q 42; "$bin"/pg_ctl -D pg -m fast stop >/dev/null
