# what programs read of /proc and /sys by habit
# needs: python3
cat /proc/self/status /proc/cpuinfo /proc/meminfo /proc/self/maps /proc/self/mounts /proc/loadavg /proc/stat /proc/uptime /proc/version /proc/sys/kernel/osrelease /proc/sys/kernel/pid_max /proc/self/cgroup /proc/net/tcp >/dev/null
test "$(readlink /proc/self/exe)" && ls /proc/self/fd /proc/self/task >/dev/null; echo x >/dev/stderr; echo x >/dev/stdout; test "$(cat /proc/sys/kernel/random/uuid | wc -c)" = 37
python3 -c 'import os, resource; resource.getrlimit(resource.RLIMIT_NOFILE); os.sysconf("SC_NPROCESSORS_ONLN"); os.getrandom(8); os.listdir("/dev")'
