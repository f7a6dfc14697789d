# node: tests, workers, child processes, watch, a server, cluster
# needs: node
printf 'const t = require("node:test"), a = require("node:assert");\nt("x", async () => a.equal(1, 1));\n' >x.test.js; node --test x.test.js >/dev/null
cat >y.js <<'J'
const { Worker } = require("worker_threads"), fs = require("fs"), http = require("http"), cp = require("child_process"), os = require("os");
new Worker("require('worker_threads').parentPort.postMessage(1)", { eval: true }).once("message", () => {
	const w = fs.watch(".", () => { w.close(); http.createServer((q, r) => r.end("ok")).listen(0, "127.0.0.1", function () {
		http.get({ port: this.address().port, host: "127.0.0.1" }, r => r.on("data", d => { if (String(d) !== "ok") process.exit(1);
			cp.fork("z.js").on("exit", c => process.exit(c)); })); }); });
	setTimeout(() => fs.writeFileSync("seen", "x"), 50); });
cp.execSync("true"); os.cpus(); os.userInfo(); os.networkInterfaces(); fs.mkdtempSync(os.tmpdir() + "/a"); fs.copyFileSync("y.js", "c.js"); fs.cpSync("dir", "dir-copy", { recursive: true });
J
echo 'process.send && process.exit(0)' >z.js; timeout 20 node y.js
