#include "scanner/check/finding.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "scanner/check/checks.h"

#define EVIDENCE_MAX (64u << 10) /* bytes of one evidence; names may be long */
#define EVIDENCE_ALL (8u << 20)

static const char *const severity_words[SEVERITY_COUNT] = {
#define X(id, word) word,
	SEVERITIES(X)
#undef X
};

static const struct check {
	bool (*run)(const struct image *image, struct strbuf *evidence);
	struct finding finding;
} checks[] = {
#define CHECK(function, id_, severity_, title_, description_, remediation_, ...)                                     \
	{ function,                                                                                                  \
	  { .id = id_,                                                                                               \
	    .severity = SEVERITY_##severity_,                                                                        \
	    .title = title_,                                                                                         \
	    .description = description_,                                                                             \
	    .remediation = remediation_,                                                                             \
	    .references = { __VA_ARGS__ } } },
#include "scanner/check/checks.def"
#undef CHECK
};

const char *severity_word(enum severity severity)
{
	return severity_words[severity];
}

int severity_find(const char *word)
{
	for (int i = 0; i < SEVERITY_COUNT; i++) {
		if (strcasecmp(word, severity_words[i]) == 0)
			return i;
	}
	return -1;
}

static int by_severity(const void *a, const void *b)
{
	const struct finding *left = a, *right = b;

	if (left->severity != right->severity)
		return (int)right->severity - (int)left->severity;
	return strcmp(left->id, right->id);
}

int checks_run(const struct image *image, struct findings *findings, struct err *err)
{
	arena_init(&findings->arena, EVIDENCE_ALL);
	for (size_t i = 0; i < ARRAY_SIZE(checks) && findings->count < FINDINGS_MAX; i++) {
		struct finding *finding = &findings->list[findings->count];
		AUTO_STRBUF evidence = { 0 };

		strbuf_init(&evidence, EVIDENCE_MAX);
		if (!checks[i].run(image, &evidence))
			continue;
		*finding = checks[i].finding;
		finding->evidence = arena_copy(&findings->arena, evidence.data, evidence.length);
		if (!finding->evidence)
			return err_set(err, ERR_MEMORY, "out of memory");
		findings->count++;
	}
	qsort(findings->list, findings->count, sizeof(*findings->list), by_severity);
	return 0;
}

void findings_fini(struct findings *findings)
{
	arena_fini(&findings->arena);
	findings->count = 0;
}
