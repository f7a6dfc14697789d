# pip through the gateway, with proxy variables and without
# profile: deps
# needs: python3
# outside: python3 -m pip download -q --no-deps --no-cache-dir --disable-pip-version-check -d out six
python3 -m venv v; v/bin/pip install -q six; v/bin/python -c 'import six'
env -u http_proxy -u https_proxy -u HTTP_PROXY -u HTTPS_PROXY -u ALL_PROXY -u all_proxy v/bin/pip install -q --no-cache-dir idna
v/bin/python -c 'import idna'; v/bin/pip download -q --no-deps --no-binary :all: -d src six; ls src/six*
