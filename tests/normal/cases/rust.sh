# rust: cargo new, build, test; a folder's target renamed into place
# needs: cargo rustc
export CARGO_NET_OFFLINE=true CARGO_HOME="$HOME/.cargo"
cargo -q new --vcs none p >/dev/null 2>&1; cd p; cargo -q run | grep -q 'Hello'; printf '\n#[test]\nfn t() { std::thread::spawn(|| {}).join().unwrap(); }\n' >>src/main.rs; cargo -q test >/dev/null 2>&1
