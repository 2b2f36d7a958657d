#include "table/table.h"

#include <stdlib.h>
#include <string.h>

#include "table/rows.h"

struct table *table_new(const struct table_column *columns, size_t count)
{
	struct table *table = calloc(1, sizeof(*table));

	if (!table)
		return NULL;
	table->columns = columns;
	table->column_count = count < TABLE_COLUMNS_MAX ? count : TABLE_COLUMNS_MAX;
	arena_init(&table->arena, TABLE_BYTES_MAX);
	return table;
}

void table_free(struct table *table)
{
	if (!table)
		return;
	arena_fini(&table->arena);
	free(table);
}

void table_free_pointer(struct table **table)
{
	table_free(*table);
	*table = NULL;
}

int table_add(struct table *table, const char *const *cells, struct err *err)
{
	struct table_row *row = arena_new(&table->arena, struct table_row);

	if (row)
		row->cells = arena_array(&table->arena, const char *, table->column_count);
	if (!row || !row->cells)
		return err_set(err, ERR_MEMORY, "could not keep row %zu of a table: out of memory", table->count + 1);
	for (size_t i = 0; i < table->column_count; i++) {
		row->cells[i] = arena_dup(&table->arena, cells[i]);
		if (cells[i] && !row->cells[i])
			return err_set(err, ERR_MEMORY, "could not keep row %zu of a table: out of memory",
				       table->count + 1);
	}
	if (table->last)
		table->last->next = row;
	else
		table->first = row;
	table->last = row;
	table->count++;
	return 0;
}

size_t table_count(const struct table *table)
{
	return table->count;
}

int table_format_find(const char *word)
{
#define X(id, text)                                                                                                  \
	if (strcmp(word, text) == 0)                                                                                 \
		return TABLE_##id;
	TABLE_FORMATS(X)
#undef X
	return -1;
}
