# npm: scripts, init, pack, an install from a folder, all without network
# needs: npm
export npm_config_update_notifier=false npm_config_audit=false npm_config_fund=false
mkdir lib; echo '{"name":"lib","version":"1.0.0"}' >lib/package.json; echo 'module.exports = 42' >lib/index.js
printf '%s' '{"name":"a","version":"1.0.0","scripts":{"t":"node -e \"process.exit(require(\\\"lib\\\") == 42 ? 0 : 1)\""}}' >package.json
npm install --offline --silent ./lib; npm run --silent t; (cd lib && npm pack --silent) >/dev/null
