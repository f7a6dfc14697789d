# signals and job control, exit codes
# needs: bash python3
bash -c 'set -m; sleep 30 & kill -STOP %1; sleep 0.1; jobs | grep -q Stopped; bg %1 >/dev/null; kill %1; ! wait %1' || exit 1
bash -c 'trap "echo got; exit 7" USR1; kill -USR1 $$; sleep 1' >o || test $? = 7; grep -q got o
sh -c 'exit 42' || test $? = 42; sh -c 'kill -9 $$' || test $? = 137; sh -c 'kill -SEGV $$' || test $? = 139
timeout 0.2 sleep 5 || test $? = 124; setsid true; nohup true >/dev/null 2>&1; nice -n 5 true; no nosuch 2>/dev/null
python3 - <<'P'
import os, signal, subprocess, time
p = subprocess.Popen(["sleep", "30"], start_new_session=True); os.killpg(p.pid, signal.SIGTERM); assert p.wait() == -15
signal.signal(signal.SIGALRM, lambda *_: None); signal.setitimer(signal.ITIMER_REAL, 0.05); signal.pause()
fd = os.pidfd_open(os.getpid()); signal.pidfd_send_signal(fd, 0)
P
