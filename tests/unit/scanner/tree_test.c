#include "scanner/image/tree.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "maker.h"

struct bytes {
	const struct strbuf *data;
	bool given;
};

static ssize_t give(void *context, const void **ret, struct err *err)
{
	struct bytes *bytes = context;

	(void)err;
	*ret = bytes->data->data;
	if (bytes->given)
		return 0;
	bytes->given = true;
	return (ssize_t)bytes->data->length;
}

/* Applies one layer's files. */
static void apply(struct tree *tree, size_t layer, const struct made_file *files)
{
	AUTO_STRBUF data = STRBUF_INIT;
	struct bytes bytes = { .data = &data };
	struct tar_source source = { .read = give, .context = &bytes };
	AUTO_TAR tar = NULL;
	struct tar_entry entry;
	struct err err;
	int got;

	make_tar(files, &data);
	assert_int_equal(tar_open_source(&source, &tar, &err), 0);
	while ((got = tar_next(tar, &entry, &err)) > 0)
		assert_int_equal(tree_apply(tree, layer, &entry, tar, &err), 0);
	assert_int_equal(got, 0);
}

#define SETUID(name)                                                                                                 \
	{                                                                                                            \
		name, "x", 04755, NULL                                                                               \
	}
#define END                                                                                                          \
	{                                                                                                            \
		NULL, NULL, 0, NULL                                                                                  \
	}

static void whiteouts_remove_what_lower_layers_brought(void **state)
{
	static const struct made_file first[] = { SETUID("bin/su"), SETUID("usr/bin/a"), SETUID("opt/x/b"),
						  SETUID("opt/x/c"), END };
	static const struct made_file second[] = { { "bin/.wh.su", "", 0, NULL },
						   SETUID("opt/x/new"),
						   { "opt/x/.wh..wh..opq", "", 0, NULL },
						   { "usr/bin/.wh.none", "", 0, NULL },
						   END };
	struct tree tree;
	struct err err;

	(void)state;
	assert_int_equal(tree_init(&tree, &err), 0);
	apply(&tree, 0, first);
	assert_non_null(tree_find(&tree, "bin/su"));
	apply(&tree, 1, second);
	assert_null(tree_find(&tree, "bin/su"));
	assert_non_null(tree_find(&tree, "usr/bin/a"));
	assert_null(tree_find(&tree, "opt/x/b"));
	assert_null(tree_find(&tree, "opt/x/c"));
	assert_non_null(tree_find(&tree, "opt/x/new"));
	tree_fini(&tree);
}

static void an_upper_layer_replaces_files_and_folders(void **state)
{
	static const struct made_file first[] = {
		SETUID("bin/su"), { "etc/passwd", "old", 0, NULL }, SETUID("opt/x/b"), END
	};
	static const struct made_file second[] = { { "bin/su", "x", 0755, NULL },
						   { "./etc//passwd", "new", 0, NULL },
						   { "opt/x", NULL, 0, "elsewhere" },
						   END };
	struct tree tree;
	struct err err;

	(void)state;
	assert_int_equal(tree_init(&tree, &err), 0);
	apply(&tree, 0, first);
	apply(&tree, 1, second);
	assert_null(tree_find(&tree, "bin/su"));
	assert_string_equal(tree_find(&tree, "etc/passwd")->content, "new");
	assert_int_equal(tree_find(&tree, "etc/passwd")->layer, 1);
	assert_null(tree_find(&tree, "opt/x/b"));
	tree_fini(&tree);
}

static void names_that_lead_out_are_counted_and_left_out(void **state)
{
	static const struct made_file files[] = { { "../etc/passwd", "evil", 0, NULL },
						  { "a/../../etc/shadow", "evil", 0, NULL },
						  { "/etc/os-release", "ID=x", 0, NULL },
						  END };
	struct tree tree;
	struct err err;

	(void)state;
	assert_int_equal(tree_init(&tree, &err), 0);
	apply(&tree, 0, files);
	assert_int_equal(tree.unsafe, 2);
	assert_string_equal(tree.unsafe_name, "../etc/passwd");
	assert_null(tree_find(&tree, "etc/passwd"));
	assert_non_null(tree_find(&tree, "etc/os-release"));
	tree_fini(&tree);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whiteouts_remove_what_lower_layers_brought),
		cmocka_unit_test(an_upper_layer_replaces_files_and_folders),
		cmocka_unit_test(names_that_lead_out_are_counted_and_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
