#!/bin/sh
# `models test` against a scripted endpoint: ways, TLS, proxies, and a key that is shown nowhere.
# SPDX-License-Identifier: Apache-2.0
. tests/cli/lib.sh

key=sk-secret-abcdef0123456789
servers=
trap 'kill $servers 2>/dev/null; chmod -R u+rwX "$tmp" 2>/dev/null; rm -rf "$tmp"' EXIT

# serve NAME [OPTION...]: starts a server with the scenario on stdin; $port is where
serve() {
	name=$1
	shift
	cat >"$tmp/$name.json"
	python3 "$top/tests/flow/server.py" "$tmp/$name.json" --failures "$tmp/$name.wrong" --port-file "$tmp/$name.port" --seconds 60 "$@" \
		</dev/null >/dev/null 2>"$tmp/$name.err" &
	pid=$!
	servers="$servers $pid"
	n=0
	while [ ! -s "$tmp/$name.port" ] && [ "$n" -lt 100 ]; do sleep 0.05; n=$((n + 1)); done
	port=$(cat "$tmp/$name.port")
}
# ended NAME: the server of that scenario got what it wanted
ended() {
	kill "$pid" 2>/dev/null
	wait "$pid" 2>/dev/null
	[ ! -s "$tmp/$1.wrong" ] || { sed 's/^/#   /' "$tmp/$1.wrong"; return 1; }
}

serve ways <<'END'
{"steps": [
  {"expect": {"tools": ["report"], "model": "m1"}, "answer": {"calls": [{"name": "report", "arguments": {"number": 7}}]}},
  {"expect": {"tools": null, "has": ["json_schema"]}, "answer": {"status": 400, "body": {"error": {"message": "response_format is not supported"}}}},
  {"expect": {"tools": null}, "answer": {"text": "```json\n{\"tool\": \"report\", \"arguments\": {\"number\": 8}}\n```"}}]}
END
run sealwright models test m1 --base-url "http://127.0.0.1:$port"
check 'a model with one way that works is fine' exits 0
check 'native calls work' prints 'native   works'
check 'a way that is refused is told with the reason' prints 'response_format is not supported'
check 'a wrong call is no call' prints 'called with something else'
check 'and the server was asked as it should be' ended ways

serve json <<'END'
{"steps": [{"answer": {"text": "no"}, "times": 3}]}
END
run sealwright models test m1 --base-url "http://127.0.0.1:$port/v1" --json
check 'a model without any way is told by the exit status' exits 1
check 'as JSON' is_json
ended json

run sealwright models test m1 --base-url http://127.0.0.1:1/v1
check 'an endpoint that is down fails' exits 1
check 'with the cure' complains 'nobody answers at 127.0.0.1:1; is the server running?'
run sealwright models test glm-5.1
check 'a missing key fails' exits 1
check 'with the variable to set' complains 'set SEALWRIGHT_API_KEY or ZAI_API_KEY'
serve plain <<'END'
{"steps": []}
END
run sealwright models test x --base-url "https://127.0.0.1:$port/v1"
check 'TLS to a port that speaks none fails' exits 1
# A server that reads lines answers the handshake's bytes at once or waits for more, as those happen to hold a line's end.
check 'and is told' grep -Eq "cannot connect to 127.0.0.1:$port|127.0.0.1:$port did not finish the TLS handshake" "$err"
ended plain
run sealwright models test x --base-url 'http://h/?key=v'
check 'a base URL that makes no sense is a usage error' exits 2

serve key <<END
{"steps": [{"expect": {"auth": "Bearer $key"}, "answer": {"status": 500, "body": {"error": {"message": "who is $key?"}}}},
  {"answer": {"status": 401, "body": {"error": {"message": "bad key $key"}}}}]}
END
run env SEALWRIGHT_API_KEY=$key sealwright models test m1 --base-url "http://127.0.0.1:$port/v1" --json
check 'a refused key fails' exits 1
check 'and is told' complains 'refuses the key (401)'
check 'the key is shown nowhere' says_not "$key"
hidden() { ! grep -rqF "$key" "$HOME"; }
check 'nor written anywhere' hidden
ended key

if openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost \
	-addext 'subjectAltName=DNS:localhost,IP:127.0.0.1' -keyout "$tmp/key.pem" -out "$tmp/cert.pem" 2>"$tmp/openssl.err"; then
	cat "$tmp/cert.pem" "$tmp/key.pem" >"$tmp/both.pem"
	serve tls --tls "$tmp/both.pem" <<'END'
{"steps": [{"answer": {"calls": [{"name": "report", "arguments": {"number": 7}}]}, "times": 3, "optional": true}]}
END
	run sealwright models test m1 --base-url "https://127.0.0.1:$port/v1"
	check 'a certificate that nobody vouches for is refused' exits 3
	check 'with the reason' complains "the certificate of 127.0.0.1:$port does not hold"
	run env SSL_CERT_FILE="$tmp/cert.pem" sealwright models test m1 --base-url "https://localhost:$port/v1"
	check 'one that is vouched for is taken' exits 0
	run env SSL_CERT_FILE="$tmp/cert.pem" sealwright models test m1 --base-url "https://127.0.0.2:$port/v1"
	check 'but not for another name' says_not 'works'
	ended tls
else
	skip 'TLS' 'openssl makes no certificate here'
fi

serve proxy <<'END'
{"steps": [{"expect": {"path": "http://model.example:8000/v1/chat/completions", "auth": null},
  "answer": {"calls": [{"name": "report", "arguments": {"number": 7}}]}, "times": 3}]}
END
run env http_proxy="http://127.0.0.1:$port" SEALWRIGHT_API_KEY=$key sealwright models test m1 --base-url http://model.example:8000/v1
check 'a proxy is used beyond this machine' exits 0
check 'and a key does not go over plain http' ended proxy
serve direct <<'END'
{"steps": [{"answer": {"calls": [{"name": "report", "arguments": {"number": 7}}]}, "times": 3}]}
END
run env http_proxy=http://127.0.0.1:1 https_proxy=http://127.0.0.1:1 all_proxy=http://127.0.0.1:1 \
	sealwright models test m1 --base-url "http://127.0.0.1:$port/v1"
check 'but never to this machine' exits 0
ended direct
done_testing
