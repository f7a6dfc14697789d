/*
 * Runs a fuzz harness without libFuzzer: every seed of its corpus, then a bounded number of mutations of the seeds.
 *
 * Usage: NAME [CORPUS]. The default corpus is tests/fuzz/corpus/NAME. The mutations come from a fixed generator, so a
 * failure repeats; libFuzzer (make fuzz-NAME) is for finding new ones. Each input stands in memory that the parent
 * shares with the child that runs it: when the child crashes or hangs, the parent writes the input to NAME.crash beside
 * the program and says so in TAP. FUZZ_MUTATIONS sets another number of mutations.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

enum { SEEDS_MAX = 1000, INPUT_MAX = 8 << 20, HANG_S = 20, MUTATIONS = 2000, MUTATE_MS = 900, GROWTH_MAX = 4096 };

struct seed {
	char name[256];
	uint8_t *p;
	size_t n;
};

static struct seed seeds[SEEDS_MAX];
static int n_seeds;
static const char *program;

/* What the child shares with us. */
static struct shared {
	size_t n;     /* of the input that runs now */
	int done;     /* mutations behind it        */
	uint8_t input[INPUT_MAX + GROWTH_MAX];
} *now;

/* splitmix64: the same numbers on every machine. */
static uint64_t next_random(uint64_t *state)
{
	uint64_t z = (*state += 0x9e3779b97f4a7c15u);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

static size_t below(uint64_t *state, size_t n)
{
	return n ? (size_t)(next_random(state) % n) : 0;
}

static void flip(uint64_t *r)
{
	static const uint8_t likely[] = { 0, '"', '\\', '\n', '{', '}', '[', '<', '>', '&', 0xff, 0xed, '-', '9', ':', '%' };

	if (now->n)
		now->input[below(r, now->n)] = next_random(r) & 1 ? likely[below(r, sizeof(likely))] : (uint8_t)next_random(r);
}

static void cut(uint64_t *r)
{
	size_t at = below(r, now->n), n = 1 + below(r, now->n - at);

	if (!now->n)
		return;
	memmove(now->input + at, now->input + at + n, now->n - at - n);
	now->n -= n;
}

/* Puts a piece of some seed in. */
static void graft(uint64_t *r)
{
	const struct seed *s = &seeds[below(r, (size_t)n_seeds)];
	size_t from = below(r, s->n), n = below(r, s->n - from), at = below(r, now->n + 1);

	if (n > GROWTH_MAX / 8)
		n = GROWTH_MAX / 8;
	if (now->n + n > sizeof(now->input))
		return;
	memmove(now->input + at + n, now->input + at, now->n - at);
	memcpy(now->input + at, s->p + from, n);
	now->n += n;
}

/* A run of one byte: long numbers, deep nesting, long lines. */
static void stretch(uint64_t *r)
{
	size_t at = below(r, now->n), n = 1 + below(r, GROWTH_MAX / 8);

	if (!now->n || now->n + n > sizeof(now->input))
		return;
	memmove(now->input + at + n, now->input + at, now->n - at);
	memset(now->input + at, now->input[at + n], n);
	now->n += n;
}

/* In a copy of exactly its size, so that a sanitizer sees a read beyond the end. */
static void run_now(void)
{
	uint8_t *copy = malloc(now->n ? now->n : 1);

	if (!copy)
		_exit(9);
	memcpy(copy, now->input, now->n);
	LLVMFuzzerTestOneInput(copy, now->n);
	free(copy);
}

static int64_t ms_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void run_mutations(int want)
{
	static void (*const how[])(uint64_t *) = { flip, flip, flip, cut, graft, stretch };
	int64_t end = ms_now() + MUTATE_MS;
	uint64_t r = 1;

	for (now->done = 0; now->done < want && ms_now() < end; now->done++) {
		const struct seed *s = &seeds[below(&r, (size_t)n_seeds)];

		now->n = s->n;
		memcpy(now->input, s->p, s->n);
		for (size_t k = 1 + below(&r, 4); k; k--)
			how[below(&r, sizeof(how) / sizeof(*how))](&r);
		run_now();
	}
}

/* Runs one seed (or all mutations, with seed NULL) in a child; how it failed, or NULL. */
static const char *run_apart(const struct seed *s, int mutations)
{
	static char how[64];
	int w = 0;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		alarm(HANG_S);
		if (s) {
			now->n = s->n;
			memcpy(now->input, s->p, s->n);
			run_now();
		} else {
			run_mutations(mutations);
		}
		fflush(stdout);
		exit(0); /* so that leaks are looked for */
	}
	if (pid < 0)
		return "no process could be started";
	while (waitpid(pid, &w, 0) < 0 && errno == EINTR)
		;
	if (WIFEXITED(w) && WEXITSTATUS(w) == 0)
		return NULL;
	if (WIFSIGNALED(w) && WTERMSIG(w) == SIGALRM)
		snprintf(how, sizeof(how), "it ran for more than %d s", HANG_S);
	else if (WIFSIGNALED(w))
		snprintf(how, sizeof(how), "%s", strsignal(WTERMSIG(w)));
	else
		snprintf(how, sizeof(how), "it exited with %d", WEXITSTATUS(w));
	return how;
}

static void keep_crash(void)
{
	char path[4096];
	int fd;

	snprintf(path, sizeof(path), "%s.crash", program);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd >= 0 && write(fd, now->input, now->n) == (ssize_t)now->n)
		printf("#   the input stands in %s\n", path);
	if (fd >= 0)
		close(fd);
}

static int load_seed(const char *dir, const char *name)
{
	struct seed *s = &seeds[n_seeds];
	char path[4096];
	struct stat st;
	size_t got = 0;
	ssize_t n = 1;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size > INPUT_MAX) {
		if (fd >= 0)
			close(fd);
		return -1;
	}
	s->p = malloc((size_t)st.st_size + 1);
	while (s->p && got < (size_t)st.st_size && (n = read(fd, s->p + got, (size_t)st.st_size - got)) > 0)
		got += (size_t)n;
	close(fd);
	s->n = got;
	snprintf(s->name, sizeof(s->name), "%s", name);
	n_seeds++;
	return 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct seed *)a)->name, ((const struct seed *)b)->name);
}

static int load_seeds(const char *dir)
{
	const struct dirent *x;
	DIR *d = opendir(dir);

	if (!d)
		return printf("Bail out! open %s: %s\n", dir, strerror(errno)), -1;
	while (n_seeds < SEEDS_MAX && (x = readdir(d)))
		if (x->d_name[0] != '.' && load_seed(dir, x->d_name) < 0)
			printf("#   %s/%s cannot be read or has more than %d bytes\n", dir, x->d_name, INPUT_MAX);
	closedir(d);
	qsort(seeds, (size_t)n_seeds, sizeof(*seeds), by_name);
	return 0;
}

int main(int argc, char **argv)
{
	const char *name = strrchr(argv[0], '/') ? strrchr(argv[0], '/') + 1 : argv[0], *how,
		   *number = getenv("FUZZ_MUTATIONS");
	int bad = 0, n = 0, mutations = number ? atoi(number) : MUTATIONS;
	char dir[3800];

	program = argv[0];
	snprintf(dir, sizeof(dir), "%s%s", argc > 1 ? argv[1] : "tests/fuzz/corpus/", argc > 1 ? "" : name);
	now = mmap(NULL, sizeof(*now), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (now == MAP_FAILED || load_seeds(dir) < 0)
		return 1;
	if (n_seeds == 0)
		printf("not ok %d - %s has a seed\n", ++n, dir), bad++;
	for (int i = 0; i < n_seeds; i++) {
		how = run_apart(&seeds[i], 0);
		printf("%sok %d - %s takes the seed %s\n", how ? "not " : "", ++n, name, seeds[i].name);
		if (how)
			printf("#   %s\n", how), keep_crash(), bad++;
	}
	if (n_seeds) {
		how = run_apart(NULL, mutations);
		printf("%sok %d - %s takes %d mutations of its seeds\n", how ? "not " : "", ++n, name, now->done);
		if (how)
			printf("#   %s\n", how), keep_crash(), bad++;
	}
	printf("1..%d\n", n);
	for (int i = 0; i < n_seeds; i++)
		free(seeds[i].p);
	return bad ? 1 : 0;
}
