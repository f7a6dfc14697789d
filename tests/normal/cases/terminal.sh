# pseudo-terminals: script, python's pty, tmux when it is there, stty
# needs: script python3
script -qec 'test -t 0 && stty size && tty' /dev/null | grep -q /dev/pts/
python3 -c 'import pty, os; assert pty.spawn(["sh", "-c", "test -t 1 && stty rows 40"]) == 0'
if command -v tmux >/dev/null; then tmux -L n new -d -s a 'echo hi >tm; sleep 5'; i=0; until test -f tm; do i=$((i+1)); test $i -lt 50; sleep 0.1; done; tmux -L n kill-server; fi
