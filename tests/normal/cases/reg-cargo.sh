# cargo through the gateway, with proxy variables and without
# profile: deps
# needs: cargo rustc
# outside: cargo -q init --vcs none --name p . && cargo -q add itoa && cargo -q fetch
export CARGO_HOME="$HOME/.cargo"
cargo -q new --vcs none p >/dev/null 2>&1; cd p; cargo -q add itoa 2>/dev/null; cargo -q build
env -u http_proxy -u https_proxy -u HTTP_PROXY -u HTTPS_PROXY -u ALL_PROXY -u all_proxy cargo -q add ryu 2>/dev/null; cargo -q build
