#include <stdlib.h>
#include <string.h>

#include "agent/state/process_table.h"
#include "agent/state/writing.h"

/* As a writer is told. */
struct description {
	const char *name, *container, *program;
};

static struct description describe(const struct execution *execution)
{
	const char *program = execution->view.exe_path, *name = execution->view.name;

	return (struct description){
		.name = name ? name : "",
		.container = execution->container ? execution->container->short_id : "",
		.program = program && strlen(program) < WRITER_PROGRAM_MAX ? program : "",
	};
}

/* Cuts what does not fit; out is cleared before. */
static void copy_text(char *out, size_t size, const char *text)
{
	memcpy(out, text, strnlen(text, size - 1));
}

struct writer *writer_new(const struct execution *execution)
{
	struct description description = describe(execution);
	size_t length = strlen(description.program);
	struct writer *writer = calloc(1, sizeof(*writer) + length + 1);

	if (!writer)
		return NULL;
	writer->refs = 1;
	writer->exec_id = execution->view.exec_id;
	writer->pid = execution->view.pid;
	copy_text(writer->name, sizeof(writer->name), description.name);
	copy_text(writer->user, sizeof(writer->user), execution->user);
	copy_text(writer->container, sizeof(writer->container), description.container);
	memcpy(writer->program, description.program, length);
	return writer;
}

bool writer_is(const struct writer *writer, const struct execution *execution)
{
	struct description description = describe(execution);

	return writer->exec_id == execution->view.exec_id && writer->pid == execution->view.pid &&
	       strncmp(writer->name, description.name, sizeof(writer->name) - 1) == 0 &&
	       strcmp(writer->user, execution->user) == 0 && strcmp(writer->container, description.container) == 0 &&
	       strcmp(writer->program, description.program) == 0;
}

void writer_unref(struct writer *writer)
{
	if (writer && --writer->refs == 0)
		free(writer);
}
