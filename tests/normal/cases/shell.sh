# shells: pipes, a fifo, here documents, process substitution, subshells
# needs: bash
mkfifo f /tmp/f; (echo through >f) & test "$(cat f)" = through; (echo through >/tmp/f) & test "$(cat /tmp/f)" = through
bash -c 'diff <(seq 3) <(seq 3); read x <<<"y"; [ $x = y ]; coproc cat; echo hi >&${COPROC[1]}; read -u ${COPROC[0]} z; [ $z = hi ]'
seq 100000 | sort -R | sort -n | tail -1 | grep -q 100000; yes | head -c 1000000 | wc -c | grep -q 1000000
