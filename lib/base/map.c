#include "base/map.h"

#include <string.h>

#define HASH_NONFATAL_OOM	   1
#define uthash_nonfatal_oom(entry) ((entry)->lost = true)
#include <uthash.h>

struct entry {
	void *value;
	bool lost; /* uthash ran out of memory while adding it */
	UT_hash_handle hh;
	char key[];
};

struct map {
	struct entry *entries;
};

struct map *map_new(void)
{
	return calloc(1, sizeof(struct map));
}

void map_free(struct map *map)
{
	struct entry *entry, *next;

	if (!map)
		return;
	HASH_ITER (hh, map->entries, entry, next) {
		HASH_DEL(map->entries, entry);
		free(entry);
	}
	free(map);
}

void map_free_pointer(struct map **map)
{
	map_free(*map);
	*map = NULL;
}

static struct entry *map_find(const struct map *map, const char *key)
{
	struct entry *entry;

	HASH_FIND_STR(map->entries, key, entry);
	return entry;
}

void *map_get(const struct map *map, const char *key)
{
	struct entry *entry = map_find(map, key);

	return entry ? entry->value : NULL;
}

bool map_put(struct map *map, const char *key, void *value)
{
	struct entry *entry = map_find(map, key);
	size_t size = strlen(key) + 1;

	if (entry) {
		entry->value = value;
		return true;
	}
	entry = calloc(1, sizeof(*entry) + size);
	if (!entry)
		return false;
	memcpy(entry->key, key, size);
	entry->value = value;
	HASH_ADD_STR(map->entries, key, entry);
	if (entry->lost) {
		free(entry);
		return false;
	}
	return true;
}

void *map_remove(struct map *map, const char *key)
{
	struct entry *entry = map_find(map, key);
	void *value;

	if (!entry)
		return NULL;
	value = entry->value;
	HASH_DEL(map->entries, entry);
	free(entry);
	return value;
}

size_t map_count(const struct map *map)
{
	return HASH_COUNT(map->entries);
}

void map_each(const struct map *map, void (*visit)(const char *key, void *value, void *context), void *context)
{
	struct entry *entry, *next;

	HASH_ITER (hh, map->entries, entry, next)
		visit(entry->key, entry->value, context);
}
