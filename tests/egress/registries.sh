#!/bin/sh
# Package clients install something small through the gateway, inside a sandbox, with proxy variables and without. Each is left
# out, with the reason, where it is not installed or this machine's registry does not answer.
#
# Usage: registries.sh INSIDE (the program built from inside.c). TAP.
#
# SPDX-License-Identifier: Apache-2.0
set -u
inside=$(realpath "$1")
base=$(mktemp -d /tmp/egress-registries.XXXXXX)
trap 'rm -rf "$base"' EXIT
chmod 755 "$base"
n=0
failed=0

# Runs $1 inside; what it prints is left in $base/out. Further arguments are inside's.
within() {
	script=$1
	shift
	rm -rf "$base/tree"
	mkdir -m 777 "$base/tree"
	printf '%s\n' "$script" >"$base/tree/script"
	timeout 280 "$inside" "$base/tree" "$base/log" --registries "$@" -- sh script >"$base/out" 2>&1
}

verdict() {
	n=$((n + 1))
	if [ "$1" = 0 ]; then
		echo "ok $n - $2"
	else
		failed=$((failed + 1))
		echo "not ok $n - $2"
		tail -15 "$base/out" | sed 's/^/#   /'
	fi
}

# client, program, what the registry must answer (port and path), script, what must have been recorded, more for inside
installs() {
	client=$1 program=$2 probe=$3 installing=$4 recorded=$5
	shift 5
	for way in with without; do
		if ! command -v "$program" >/dev/null; then
			n=$((n + 1))
			echo "ok $n - $client $way proxy variables # SKIP $program is not installed"
			continue
		fi
		if ! within "curl -sf -m 60 -o /dev/null http://127.0.0.1:$probe"; then
			n=$((n + 1))
			echo "ok $n - $client $way proxy variables # SKIP this machine's registry does not answer"
			continue
		fi
		unset_all=
		[ $way = with ] || unset_all='unset http_proxy https_proxy HTTP_PROXY HTTPS_PROXY no_proxy NO_PROXY NODE_USE_ENV_PROXY'
		within "$unset_all
set -e
$installing" "$@"
		status=$?
		[ $status = 0 ] && ! grep -q "^package: $recorded" "$base/out" && status=1
		verdict $status "$client installs $way proxy variables, and it is recorded"
	done
}

installs pip python3 3130/simple/six/ 'python3 -m venv v
v/bin/pip install -q --no-cache-dir six==1.16.0
v/bin/python -c "import six; assert six.__version__ == \"1.16.0\""' 'pypi six 1.16.0 .* checked$'

installs npm npm 3131/left-pad 'echo "{\"name\":\"x\",\"version\":\"1.0.0\"}" >package.json
npm install --silent left-pad@1.3.0 @types/ms@2.1.0
node -e "if (require(\"left-pad\")(\"a\", 3) !== \"  a\") process.exit(1)"
! grep -q 127.0.0.1 package-lock.json' 'npm left-pad 1.3.0 .* checked$'

toolchain=$(rustc --print sysroot 2>/dev/null || echo /usr)
installs cargo cargo 3132/it/oa/itoa 'mkdir src
echo "fn main() { println!(\"{}\", itoa::Buffer::new().format(7)); }" >src/main.rs
printf "[package]\nname = \"x\"\nversion = \"0.1.0\"\nedition = \"2021\"\n[dependencies]\nitoa = \"=1.0.0\"\n" >Cargo.toml
PATH=$RUST/bin:$PATH
test "$(cargo run -q)" = 7
grep -q "registry+https://github.com/rust-lang/crates.io-index" Cargo.lock' 'cargo itoa 1.0.0 .* checked$' \
	--read "$toolchain" --env "RUST=$toolchain"

installs go go 3133/golang.org/x/text/@v/list 'PATH=$PATH:/usr/local/go/bin GOFLAGS=-mod=mod; export PATH GOFLAGS
go mod init x
go get golang.org/x/text@v0.3.0
grep -q "^golang.org/x/text v0.3.0 h1:" go.sum' 'go golang.org/x/text v0.3.0 '

installs Maven mvn 3134/junit/junit/maven-metadata.xml 'mvn -q -B org.apache.maven.plugins:maven-dependency-plugin:2.8:get \
	-Dartifact=org.slf4j:slf4j-api:1.7.36 -Dtransitive=false
test -s ~/.m2/repository/org/slf4j/slf4j-api/1.7.36/slf4j-api-1.7.36.jar' 'maven org.slf4j:slf4j-api 1.7.36 '

installs apt apt-get 3135/+0/dists/stable/InRelease 'apt-get -qq update
apt-get -qq download hello
dpkg -x hello_*.deb h
test "$(h/usr/bin/hello)" = "Hello, world!"' 'apt hello '

echo "1..$n"
[ "$failed" = 0 ]
