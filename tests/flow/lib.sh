# A scripted model over real HTTP for tests/flow/*.t (tests/flow/server.py says what a scenario is). Sourced behind
# tests/cli/lib.sh.
#
#   serve SCENARIO.json   starts it; $url is its base URL
#   served                it got all that it wanted and nothing more; what was wrong is shown
#
# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2154

server=
serve() {
	[ -z "$server" ] || { kill "$server" 2>/dev/null; wait "$server" 2>/dev/null; }
	rm -f "$tmp/.run/port"
	python3 tests/flow/server.py "$1" --failures "$tmp/.run/failures" --port-file "$tmp/.run/port" \
		--log "$tmp/.run/requests" --seconds 240 >/dev/null 2>"$tmp/.run/server" </dev/null &
	server=$!
	for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30; do
		[ -s "$tmp/.run/port" ] && break
		sleep 0.1
	done
	# shellcheck disable=SC2034  # for the tests that source this
	url=http://127.0.0.1:$(cat "$tmp/.run/port")/v1
	trap 'kill "$server" 2>/dev/null; chmod -R u+rwX "$tmp" 2>/dev/null; rm -rf "$tmp"' EXIT
}

served() {
	kill -TERM "$server"
	wait "$server" 2>/dev/null
	server=
	sed 's/^/#   model: /' "$tmp/.run/failures"
	[ ! -s "$tmp/.run/failures" ]
}
