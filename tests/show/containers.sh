# Containers for the show targets, where images cannot be pulled: base images made from Debian packages by mmdebstrap and
# given the names that generated Dockerfiles ask for, so that `build --pull=never` finds them. Sourced, from the top of
# the tree. The engine's configuration is of its own folder; nothing of the machine's is changed.
#
#   containers_ready         podman with the base images, or a reason in $why and status 1
#   podman_ ARGS...          podman with that configuration
#
# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh

containers_dir=$show_cache/containers # podman wants at most 50 characters of its runroot
why=

containers_conf() {
	mkdir -p "$containers_dir"
	# runc, since crun refuses a hybrid cgroup layout; no limits raised, since a container we run in may not allow it.
	cat >"$containers_dir/containers.conf" <<'CONF'
[containers]
default_ulimits = []
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
CONF
}

podman_() {
	CONTAINERS_CONF=$containers_dir/containers.conf podman --root "$containers_dir/storage" \
		--runroot "$containers_dir/run" "$@"
}

# NAME PACKAGES: an image of Debian 12 with these packages, unless it is there.
containers_base() {
	podman_ image exists "$1" && return 0
	echo "making the base image $1 from Debian packages" >&2
	rm -f "$containers_dir/root.tar"
	mmdebstrap --quiet --variant=minbase ${2:+--include=$2} bookworm "$containers_dir/root.tar" >"$containers_dir/mmdebstrap.log" 2>&1 || {
		why="mmdebstrap failed: $(tail -n 1 "$containers_dir/mmdebstrap.log")"
		return 1
	}
	podman_ import --quiet --change 'CMD ["/bin/sh"]' "$containers_dir/root.tar" "$1" >/dev/null || {
		why="podman could not import $1"
		return 1
	}
	rm -f "$containers_dir/root.tar"
}

containers_ready() {
	for p in podman mmdebstrap runc; do
		command -v "$p" >/dev/null || {
			why="no $p; run: apt-get install $(sed 's/#.*//' packages-show.txt | tr '\n' ' ')"
			return 1
		}
	done
	containers_conf
	containers_base docker.io/library/python:3.11-slim python3
}
