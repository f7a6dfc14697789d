# go through the gateway, with proxy variables and without; checked against the sum database
# profile: deps
# needs: go
# outside: go list -m -versions github.com/google/uuid
export GOTOOLCHAIN=local GOTELEMETRY=off
go mod init m 2>/dev/null; printf 'package main\n\nimport "github.com/google/uuid"\n\nfunc main() { println(uuid.New().String()) }\n' >main.go
go get github.com/google/uuid@v1.3.0 2>/dev/null; go run . 2>&1 | grep -q -; test -s go.sum
env -u http_proxy -u https_proxy -u HTTP_PROXY -u HTTPS_PROXY -u ALL_PROXY -u all_proxy go get github.com/pkg/errors@v0.9.1 2>/dev/null
