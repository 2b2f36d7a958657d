/* Runs a fuzz target over files and folders of files, so that its corpus is an ordinary test without libFuzzer. */
#include <dirent.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/file.h"

#define INPUT_MAX (16u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int run_file(const char *path)
{
	AUTO_STRBUF input = STRBUF_INIT;
	struct err err;

	if (file_read(path, INPUT_MAX, &input, &err) < 0) {
		fprintf(stderr, "%s\n", err.message);
		return -1;
	}
	LLVMFuzzerTestOneInput((const uint8_t *)input.data, input.length);
	return 1;
}

static int run_folder(const char *path)
{
	struct dirent *entry;
	int count = 0;
	DIR *folder = opendir(path);

	if (!folder)
		return -1;
	while ((entry = readdir(folder))) {
		char file[PATH_MAX];
		int done;

		if (entry->d_name[0] == '.')
			continue;
		snprintf(file, sizeof(file), "%s/%s", path, entry->d_name);
		done = run_file(file);
		if (done < 0) {
			closedir(folder);
			return -1;
		}
		count += done;
	}
	closedir(folder);
	return count;
}

int main(int argc, char **argv)
{
	int total = 0;

	for (int i = 1; i < argc; i++) {
		struct stat st;
		int done = stat(argv[i], &st) == 0 && S_ISDIR(st.st_mode) ? run_folder(argv[i]) : run_file(argv[i]);

		if (done < 0)
			return 1;
		total += done;
	}
	printf("%d inputs\n", total);
	return total ? 0 : 1;
}
