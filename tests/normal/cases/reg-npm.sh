# npm through the gateway, with proxy variables and without; npm ci from the lock file
# profile: deps
# needs: npm node
# outside: npm view is-number version
echo '{"name":"a","version":"1.0.0"}' >package.json
npm install --silent is-number; node -e 'process.exit(require("is-number")(4) ? 0 : 1)'
env -u http_proxy -u https_proxy -u HTTP_PROXY -u HTTPS_PROXY -u ALL_PROXY -u all_proxy npm install --silent is-odd
rm -r node_modules; npm ci --silent; node -e 'process.exit(require("is-odd")(3) ? 0 : 1)'
