/* Reading texts of another process; it is this one here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <limits.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "agent/sensor/trace/memory.h"
#include "base/attr.h"

static char first[PATH_MAX], second[PATH_MAX];

static uint64_t address_of(const char *text)
{
	return (uint64_t)(uintptr_t)text;
}

/* Bit 0: the first was read; bit 1: the second. */
static int read_texts(const char *left, const char *right)
{
	const struct memory_text texts[2] = { { address_of(left), first }, { address_of(right), second } };
	bool is_read[2];

	memset(first, 'x', sizeof(first));
	memset(second, 'x', sizeof(second));
	memory_read_texts(getpid(), texts, PATH_MAX, is_read);
	return (is_read[0] ? 1 : 0) | (is_read[1] ? 2 : 0);
}

/* A page with no page behind it. */
static char *lonely_page(size_t *ret_size)
{
	size_t size = (size_t)sysconf(_SC_PAGESIZE);
	char *pages = mmap(NULL, 2 * size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_true(pages != MAP_FAILED);
	assert_int_equal(munmap(pages + size, size), 0);
	*ret_size = size;
	return pages;
}

static void two_texts_are_read_at_once(void **state UNUSED)
{
	assert_int_equal(read_texts("/etc/passwd", "/etc/shadow"), 3);
	assert_string_equal(first, "/etc/passwd");
	assert_string_equal(second, "/etc/shadow");
	assert_int_equal(read_texts("", "/"), 3);
	assert_string_equal(first, "");
	assert_string_equal(second, "/");
}

static void one_that_is_long_is_read_to_its_end(void **state UNUSED)
{
	char path[2000];

	memset(path, 'a', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	assert_int_equal(read_texts(path, "/short"), 3);
	assert_string_equal(first, path);
	assert_string_equal(second, "/short");
	assert_int_equal(read_texts("/short", path), 3);
	assert_string_equal(first, "/short");
	assert_string_equal(second, path);
}

static void one_that_cannot_be_read_leaves_the_other(void **state UNUSED)
{
	static char endless[PATH_MAX + 1];

	memset(endless, 'e', sizeof(endless));
	assert_int_equal(read_texts(NULL, "/b"), 2);
	assert_string_equal(second, "/b");
	assert_int_equal(read_texts("/a", NULL), 1);
	assert_string_equal(first, "/a");
	assert_int_equal(read_texts((const char *)(uintptr_t)8, "/b"), 2);
	assert_string_equal(second, "/b");
	assert_int_equal(read_texts("/a", (const char *)(uintptr_t)8), 1);
	assert_string_equal(first, "/a");
	assert_int_equal(read_texts(endless, "/b"), 2);
	assert_int_equal(read_texts(NULL, NULL), 0);
}

static void nothing_is_read_of_a_page_that_is_not_there(void **state UNUSED)
{
	size_t size;
	char *page = lonely_page(&size), *end = page + size;

	memcpy(end - 6, "/last", 6);
	memcpy(page, "/first", 7);
	assert_int_equal(read_texts(end - 6, page), 3);
	assert_string_equal(first, "/last");
	assert_string_equal(second, "/first");
	end[-1] = 't'; /* ends with the page, and not by a NUL */
	assert_int_equal(read_texts(end - 6, page), 2);
	assert_string_equal(second, "/first");
	munmap(page, size);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_texts_are_read_at_once),
		cmocka_unit_test(one_that_is_long_is_read_to_its_end),
		cmocka_unit_test(one_that_cannot_be_read_leaves_the_other),
		cmocka_unit_test(nothing_is_read_of_a_page_that_is_not_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
