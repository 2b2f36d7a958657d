#include "detection/pack.h"

#include <string.h>

#include "base/embedded.h"

extern const struct embedded_file rulepack_runtime[], rulepack_cloudtrail[], rulepack_policies[];

static const struct {
	const char *source;
	const struct embedded_file *files;
} packs[] = {
	{ "syscall", rulepack_runtime },
	{ "aws_cloudtrail", rulepack_cloudtrail },
};

int rulepack_add(struct ruleset *set, const char *source, struct err *err)
{
	bool found = false;

	for (size_t i = 0; i < ARRAY_SIZE(packs); i++) {
		if (source && strcmp(source, packs[i].source) != 0)
			continue;
		found = true;
		for (const struct embedded_file *file = packs[i].files; file->name; file++) {
			int done = ruleset_add_text(set, file->name, file->data, file->length, err);

			if (done < 0)
				return done;
		}
	}
	return found ? 0 : err_set(err, ERR_NOT_FOUND, "no rules are shipped for source \"%s\"", source);
}

int rulepack_add_policies(struct policies *policies, struct err *err)
{
	for (const struct embedded_file *file = rulepack_policies; file->name; file++) {
		int done = policies_add_text(policies, file->name, file->data, file->length, err);

		if (done < 0)
			return done;
	}
	return 0;
}
