#include "scanner/image/image.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <dirent.h>
#include <sys/stat.h>

#include "base/file.h"
#include "maker.h"
#include "scanner/check/finding.h"

#define END                                                                                                          \
	{                                                                                                            \
		NULL, NULL, 0, NULL                                                                                  \
	}

static const struct made_file bottom[] = {
	{ "etc/passwd", "root:x:0:0::/root:/bin/sh\nboss:x:0:0::/:/bin/sh\napp:x:1000:1000::/:/bin/sh\n", 0, NULL },
	{ "var/lib/dpkg/status",
	  "Package: libc6\nStatus: install ok installed\nVersion: 2.36-9\nArchitecture: amd64\nSource: glibc "
	  "(2.36)\n\n"
	  "Package: gone\nStatus: deinstall ok config-files\nVersion: 1\n\n",
	  0, NULL },
	END
};
static const struct made_file top[] = {
	{ "var/lib/dpkg/status",
	  "Package: libc6\nStatus: install ok installed\nVersion: 2.36-9\nArchitecture: amd64\nSource: glibc "
	  "(2.36)\n\n"
	  "Package: curl\nStatus: install ok installed\nVersion: 7.88.1-10\nArchitecture: amd64\nDescription: a\n b: "
	  "c\n",
	  0, NULL },
	{ "lib/apk/db/installed", "C:Q1\nP:musl\nV:1.1.22-r3\nA:x86_64\n\nP:libssl1.1\nV:1.1.1g-r0\no:openssl\n\n", 0,
	  NULL },
	END
};
static const struct made_image plain = { "\"User\":\"app\"", "demo/app:1.2", { bottom, top, NULL } };

struct fixture {
	char folder[64], path[96];
};

static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	strcpy(fixture->folder, "/tmp/clewline-image.XXXXXX");
	assert_non_null(mkdtemp(fixture->folder));
	snprintf(fixture->path, sizeof(fixture->path), "%s/image", fixture->folder);
	*state = fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;
	char command[128];

	snprintf(command, sizeof(command), "rm -rf '%s'", fixture->folder);
	assert_int_equal(system(command), 0);
	free(fixture);
	return 0;
}

static struct image *open_it(const struct fixture *fixture)
{
	struct image *image = NULL;
	struct err err;

	if (image_open(&(struct image_conf){ .path = fixture->path }, &image, &err) < 0)
		fail_msg("%s", err.message);
	return image;
}

static void expect_error(const struct fixture *fixture, int code, const char *part)
{
	AUTO_IMAGE image = NULL;
	struct err err;

	assert_int_equal(image_open(&(struct image_conf){ .path = fixture->path }, &image, &err), code);
	if (!strstr(err.message, part))
		fail_msg("\"%s\" does not say \"%s\"", err.message, part);
}

static void expect_plain(const struct image *image)
{
	const struct packages *packages = &image->packages;

	assert_string_equal(image->reference, "demo/app:1.2");
	assert_int_equal(image->layer_count, 2);
	assert_int_equal(packages->count, 4);
	assert_string_equal(packages->list[0].name, "libc6");
	assert_string_equal(packages->list[0].source, "glibc");
	assert_string_equal(packages->list[0].source_version, "2.36");
	assert_int_equal(packages->list[0].layer, 0);
	assert_string_equal(packages->list[1].name, "curl");
	assert_int_equal(packages->list[1].layer, 1);
	assert_string_equal(packages->list[3].name, "libssl1.1");
	assert_string_equal(packages->list[3].source, "openssl");
}

static void a_docker_archive_and_a_layout_hold_the_same_image(void **state)
{
	struct fixture *fixture = *state;
	AUTO_IMAGE docker = NULL;
	AUTO_IMAGE layout = NULL;

	make_docker_archive(&plain, fixture->path);
	docker = open_it(fixture);
	expect_plain(docker);
	assert_string_equal(docker->manifest_digest, "");
	unlink(fixture->path);
	make_layout(&plain, fixture->path);
	layout = open_it(fixture);
	expect_plain(layout);
	assert_string_equal(layout->config_digest, docker->config_digest);
	assert_true(digest_is_valid(layout->manifest_digest));
}

static void every_changed_blob_is_noticed(void **state)
{
	struct fixture *fixture = *state;
	char folder[160], path[512];
	struct dirent *entry;
	size_t blobs = 0;
	DIR *list;

	make_layout(&plain, fixture->path);
	snprintf(folder, sizeof(folder), "%s/blobs/sha256", fixture->path);
	list = opendir(folder);
	while ((entry = readdir(list))) {
		AUTO_STRBUF whole = STRBUF_INIT;
		struct err err;

		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		assert_int_equal(file_read(path, 1 << 20, &whole, &err), 0);
		strbuf_addc(&whole, ' ');
		assert_int_equal(file_write_atomic(path, whole.data, whole.length, 0644, &err), 0);
		expect_error(fixture, ERR_SYNTAX, "digest");
		assert_int_equal(file_write_atomic(path, whole.data, whole.length - 1, 0644, &err), 0);
		blobs++;
	}
	closedir(list);
	assert_int_equal(blobs, 4);
}

static void broken_archives_say_what_and_where(void **state)
{
	struct fixture *fixture = *state;
	AUTO_STRBUF whole = STRBUF_INIT;
	struct err err;

	expect_error(fixture, ERR_NOT_FOUND, "No such file");
	make_docker_archive(&plain, fixture->path);
	assert_int_equal(file_read(fixture->path, 1 << 20, &whole, &err), 0);
	assert_int_equal(file_write_atomic(fixture->path, whole.data, 1000, 0644, &err), 0);
	expect_error(fixture, ERR_SYNTAX, "at offset 1000: Truncated");
	assert_int_equal(file_write_atomic(fixture->path, "hello", 5, 0644, &err), 0);
	expect_error(fixture, ERR_SYNTAX, "not an image archive");
	assert_int_equal(file_write_atomic(fixture->path, "", 0, 0644, &err), 0);
	expect_error(fixture, ERR_SYNTAX, "neither manifest.json nor index.json");
}

static void write_tar(const struct fixture *fixture, const struct made_file *files)
{
	AUTO_STRBUF data = STRBUF_INIT;
	struct err err;

	make_tar(files, &data);
	assert_int_equal(file_write_atomic(fixture->path, data.data, data.length, 0644, &err), 0);
}

static void bad_manifests_are_one_line(void **state)
{
	static const struct {
		const char *manifest, *part;
	} cases[] = {
		{ "{", "manifest.json" },
		{ "[]", "names no image" },
		{ "[{}]", "names no configuration" },
		{ "[{\"Config\":\"../../etc/passwd\"}]", "names no configuration" },
		{ "[{\"Config\":\"none.json\"}]", "has no entry \"none.json\"" },
		{ "[{\"Config\":\"c.json\"}]", "has no \"Layers\"" },
		{ "[{\"Config\":\"c.json\",\"Layers\":[\"/\"]}]", "layer 1" },
		{ "[{\"Config\":\"c.json\",\"Layers\":[\"l\"]}]", "the configuration names 0 layers" },
		{ "[{\"Config\":\"loop\",\"Layers\":[]}]", "has no entry \"loop\"" },
		{ "[{\"RepoTags\":[\"a:1\"]},{\"RepoTags\":[\"b\\u001b:1\"]}]",
		  "choose one with --select: a:1, b\\x1b:1" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct made_file files[] = { { "manifest.json", cases[i].manifest, 0, NULL },
						   { "c.json", "{}", 0, NULL },
						   { "loop", NULL, 0, "loop" },
						   END };

		write_tar(*state, files);
		expect_error(*state, strstr(cases[i].part, "choose") ? ERR_USAGE : ERR_SYNTAX, cases[i].part);
	}
}

static void too_many_entries_are_refused(void **state)
{
	AUTO_FREE struct made_file *files = calloc(BUNDLE_ENTRIES_MAX + 2, sizeof(*files));
	AUTO_FREE char *names = calloc(BUNDLE_ENTRIES_MAX + 2, 16);

	for (int i = 0; i <= BUNDLE_ENTRIES_MAX; i++) {
		snprintf(names + 16 * i, 16, "f%d", i);
		files[i].name = names + 16 * i;
	}
	write_tar(*state, files);
	expect_error(*state, ERR_LIMIT, "more than 10000 entries");
}

/* Ids of the findings of an image with this configuration, in order. */
static void expect_findings(struct fixture *fixture, const struct made_image *made, const char *ids)
{
	AUTO_FREE struct findings *findings = calloc(1, sizeof(*findings));
	AUTO_STRBUF seen = STRBUF_INIT;
	AUTO_IMAGE image = NULL;
	struct err err;

	make_docker_archive(made, fixture->path);
	image = open_it(fixture);
	assert_int_equal(checks_run(image, findings, &err), 0);
	for (size_t i = 0; i < findings->count; i++) {
		strbuf_addf(&seen, "%s ", findings->list[i].id);
		assert_null(strstr(findings->list[i].evidence, "hunter2"));
	}
	assert_string_equal(seen.data, ids);
	findings_fini(findings);
}

static void who_is_root_is_told_from_the_configuration_and_passwd(void **state)
{
	static const struct {
		const char *user, *ids;
	} cases[] = {
		{ "", "image-user-root " },
		{ "root", "image-user-root " },
		{ "0", "image-user-root " },
		{ "0:1000", "image-user-root " },
		{ "00", "image-user-root " },
		{ "root:root", "image-user-root " },
		{ "boss", "image-user-root " },
		{ ":5", "image-user-root " },
		{ "app", "" },
		{ "1000", "" },
		{ "01", "" },
		{ "rooty", "" },
		{ "nobody-knows", "" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char config[128];
		struct made_image made = { config, "demo/app:1", { bottom, NULL } };

		snprintf(config, sizeof(config), "\"User\":\"%s\",\"Healthcheck\":{\"Test\":[\"CMD\",\"x\"]}",
			 cases[i].user);
		expect_findings(*state, &made, cases[i].ids);
	}
}

static void each_check_finds_what_it_is_for(void **state)
{
	static const struct made_file files[] = { { "bin/su", "x", 04755, NULL },
						  { "etc/shadow", "root:::0:::::\nbin:!::0:::::\n", 0, NULL },
						  { "../x", "x", 0, NULL },
						  END };
	struct made_image made = {
		"\"Env\":[\"PATH=/bin\",\"DB_PASSWORD=hunter2\",\"TOKEN_FILE=/x\",\"EMPTY_SECRET=\"],"
		"\"ExposedPorts\":{\"22/tcp\":{}}",
		"demo/app:latest",
		{ files, NULL }
	};

	expect_findings(*state, &made,
			"image-empty-password image-env-secret image-unsafe-name image-port-22 image-user-root "
			"image-no-healthcheck image-setuid image-tag-latest ");
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_docker_archive_and_a_layout_hold_the_same_image),
		CASE(every_changed_blob_is_noticed),
		CASE(broken_archives_say_what_and_where),
		CASE(bad_manifests_are_one_line),
		CASE(too_many_entries_are_refused),
		CASE(who_is_root_is_told_from_the_configuration_and_passwd),
		CASE(each_check_finds_what_it_is_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
