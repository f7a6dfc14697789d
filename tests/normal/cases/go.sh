# go: build, test with race-free parallel tests, vet, run, the build cache in the home folder
# needs: go
# path: /usr/local/go/bin
export GOFLAGS=-mod=mod GOTOOLCHAIN=local GOPROXY=off GOTELEMETRY=off
printf 'module m\n\ngo 1.19\n' >go.mod; printf 'package main\n\nimport "fmt"\n\nfunc main() { fmt.Println(F()) }\nfunc F() int { return 42 }\n' >main.go
printf 'package main\n\nimport ("testing"; "net"; "os")\n\nfunc TestF(t *testing.T) {\n\tt.Parallel()\n\tif F() != 42 { t.Fatal() }\n\tl, e := net.Listen("tcp", "127.0.0.1:0")\n\tif e != nil { t.Fatal(e) }\n\tl.Close()\n\tos.WriteFile(t.TempDir()+"/x", nil, 0o644)\n}\n' >main_test.go
go test ./... >/dev/null; go build -o b .; ./b | grep -q 42; go run . | grep -q 42; go vet ./...; test ! -d vendor
