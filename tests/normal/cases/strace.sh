# strace on its own child
# needs: strace
strace -f -o t sh -c 'true; cat file' >/dev/null; grep -q execve t; strace -c true 2>&1 | grep -q calls
