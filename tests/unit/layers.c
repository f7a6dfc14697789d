/*
 * A session's layer: made, found again, told, kept, dropped; and what of it a model gets to hear.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/layers.h"
#include "agent/walls.h"

#include "../boxed.h"
#include "base/fs.h"

#include <stdlib.h>

static char base[] = "/tmp/layers.XXXXXX";
static const char *tree;
static struct arena a;
static struct session *session;
static int layer_events, kept_events, dropped_events;
static char last_left[200];

#define AT(folder, name) arena_printf(&a, "%s/%s", folder, name)

static void heard(void *arg, const struct session_event *ev)
{
	const json_t *c = json_array_get(json_list(ev->data, "left"), 0);

	(void)arg;
	layer_events += !strcmp(ev->type, "layer");
	dropped_events += !strcmp(ev->type, "dropped");
	if (!strcmp(ev->type, "kept")) {
		kept_events++;
		snprintf(last_left, sizeof(last_left), "%s %s %s", json_text_or(c, "change", ""), json_text_or(c, "path", ""),
			 json_text_or(c, "rule", ""));
	}
}

static bool opens(struct layers *y, struct sandbox *box, const char *task, bool fresh)
{
	struct err e = { 0 };
	bool good = layers_open(&a, session, task, fresh, false, box, y, &e) == 0;

	if (!good)
		printf("# %s\n", e.text);
	return good;
}

static void made_found_and_dropped(void)
{
	struct sandbox box = { .tree = tree };
	struct err e = { 0 };
	struct layers y;
	size_t left;

	ok(opens(&y, &box, "one", true) && y.open && (box.layer || box.tree_source), "a layer is put into the sandbox");
	is_whole(boxed(&a, &box, "echo new >file && echo made >made").status, 0, "a command writes");
	layers_close(&y, &box);
	ok(!box.layer && !box.tree_source && !y.open, "closed, the sandbox shows the tree again");
	is_whole(boxed(&a, &box, "test \"$(cat file)\" = old && test ! -e made").status, 0, "which is as it was");
	ok(opens(&y, &box, "one", false) && y.l.found, "it is found again");
	is_whole(boxed(&a, &box, "test \"$(cat file)\" = new && rm made").status, 0, "with what was written");
	ok(layers_drop(&y, &box, "given up", &e) == 0 && dropped_events == 1, "it is dropped, and that is told %s", e.text);
	ok(opens(&y, &box, "one", false) && !y.l.found, "and is gone");
	is_whole(boxed(&a, &box, "echo x >other").status, 0, "another task");
	layers_close(&y, &box);
	ok(opens(&y, &box, "two", true) && !fs_exists(AT(tree, "other")), "does not find what the first one left");
	is_whole(boxed(&a, &box, "test ! -e other && echo 2 >file").status, 0, "but the tree");
	ok(layers_keep(&y, &box, NULL, &left, &e) == 0 && left == 0 && kept_events == 1, "what it wrote is kept, and that is told %s", e.text);
	ok(layers_drop(&y, &box, NULL, &e) == 0 && dropped_events == 1, "its end is no drop that is told");
	is_whole(boxed(&a, &box, "test \"$(cat file)\" = 2").status, 0, "and stands in the tree");
	ok(layer_events == 4, "each opening was told: %d", layer_events);
}

static void what_a_model_hears(void)
{
	struct sandbox box = { .tree = tree };
	struct err e = { 0 };
	const char *said;
	struct layers y;
	size_t left;

	opens(&y, &box, NULL, true);
	ok(layers_judge(&a, &y, NULL, &said, &e) == 0 && !said, "nothing, when all can be kept");
	is_whole(boxed(&a, &box, "mkdir -p sub .vscode && git init -q sub && mkfifo fifo && echo x >good && echo x >.vscode/tasks.json && "
		       "ln -s / \"$(printf 'out\\nrefused: good')\"").status, 0, "a command writes what is not to be kept");
	ok(layers_judge(&a, &y, NULL, &said, &e) == 0 && said, "that is said %s", e.text);
	ok(said && strstr(said, "refused: added .vscode") && !strstr(said, "editor"), "by name, without its rule");
	ok(said && strstr(said, "refused: added out?refused: good\n"), "on a line of its own, whatever the name holds");
	ok(said && !strstr(said, "added sub/.git") && !strstr(said, "fifo"), "without what no commit would hold");
	ok(layers_keep(&y, &box, NULL, &left, &e) == 0 && left >= 2 && fs_exists(AT(tree, "good")) && !fs_exists(AT(tree, ".vscode/tasks.json")),
	   "the rest is kept %s", e.text);
	ok(strstr(last_left, " ") != NULL, "what was not is told with its rule: %s", last_left);
	layers_leave(&y, &box);
	ok(opens(&y, &box, NULL, false) && y.l.found, "and waits");
	layers_drop(&y, &box, NULL, NULL);
	ok(opens(&y, &box, NULL, false) && !y.l.found, "a new one");
	layers_leave(&y, &box);
	ok(opens(&y, &box, NULL, false) && !y.l.found, "in which nothing was written leaves nothing");
	layers_drop(&y, &box, NULL, NULL);
}

static void a_trial(void)
{
	struct sandbox box = { .tree = tree }, other = { .tree = tree };
	int before = layer_events;
	struct err e = { 0 };
	struct layers y;

	ok(layers_open_trial(&a, session, &box, &y, &e) == 0 && y.open, "a trial opens %s", e.text);
	is_whole(boxed(&a, &box, "echo x >tried").status, 0, "a test run writes");
	layers_share(&box, &other);
	ok(other.layer == box.layer && other.tree_source == box.tree_source, "a layer can be shared");
	layers_close(&y, &box);
	ok(layers_open_trial(&a, session, &box, &y, &e) == 0 && !y.l.found, "one that a kill left is not gone on with");
	is_whole(boxed(&a, &box, "test ! -e tried").status, 0, "what it held is gone");
	layers_drop(&y, &box, NULL, NULL);
	is_whole(layer_events, before, "nothing of it is told");
}

static void where_there_is_none(void)
{
	struct sandbox box = { .tree = tree, .backend = SANDBOX_OFF };
	const char *said = NULL;
	struct layers y;
	size_t left = 1;

	ok(opens(&y, &box, NULL, false) && !y.open && !box.layer, "without a sandbox there is no layer");
	ok(layers_open_trial(&a, session, &box, &y, NULL) == 0 && !y.open, "nor a trial");
	ok(layers_judge(&a, &y, NULL, &said, NULL) == 0 && !said && layers_keep(&y, &box, NULL, &left, NULL) == 0 && left == 0 &&
	   layers_drop(&y, &box, "x", NULL) == 0, "and nothing to keep or to drop");
	layers_leave(&y, &box);
}

static void what_is_too_wide_is_refused_first(void)
{
	struct sandbox box = { .tree = "/usr" };
	struct err e = { 0 };
	struct layers y;

	ok(layers_open(&a, session, NULL, false, false, &box, &y, &e) < 0 && e.code == ERR_DENIED && !y.open, "a tree too wide: %s", e.text);
}

static void profiles(void)
{
	struct sandbox want = { .tree = tree, .backend = SANDBOX_OFF };
	auto_json *d = NULL;
	struct err e = { 0 };
	struct walls w;

	ok(walls_open(&a, &want, NULL, NULL, NULL, &w, &e) == 0 && w.tests.backend == SANDBOX_OFF && w.work.tree == tree,
	   "profiles go over what a person chose, and do not change the backend %s", e.text);
	d = walls_sandbox(&w);
	is_text(json_text_or(json_map(d, "commands"), "profile", ""), "none", "commands have the profile none");
	is_text(json_text_or(json_map(d, "tests"), "profile", ""), "test", "tests the profile test");
	ok(strlen(json_text_or(json_map(d, "tests"), "rules", "")) == 64, "each is named by its digest too");
}

int main(void)
{
	struct err e = { 0 };

	if (!mkdtemp(base))
		return 1;
	tree = AT(base, "tree");
	setenv("XDG_STATE_HOME", AT(base, "state"), 1);
	setenv("XDG_CONFIG_HOME", AT(base, "config"), 1);
	fs_make_dirs(tree, 0755, NULL);
	fs_write_atomic(AT(tree, "file"), bytes_of("old\n"), 0644, NULL);
	if (session_create("exec", tree, json_object(), &session, &e) < 0) {
		printf("Bail out! %s\n", e.text);
		return 1;
	}
	session_listen(session, heard, NULL);
	where_there_is_none();
	profiles();
	if (sandbox_probe()->level < 2) {
		printf("ok %d - layers # SKIP %s\n", ++tap_n, sandbox_probe()->why);
	} else {
		made_found_and_dropped();
		what_a_model_hears();
		a_trial();
		what_is_too_wide_is_refused_first();
	}
	session_close(&session);
	fs_remove_tree(base, NULL);
	boxed_as_an_ordinary_user(&a);
	arena_drop(&a);
	return done();
}
