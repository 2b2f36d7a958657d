/* An image archive of any bytes: read, checked and reported, or refused with a message. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/file.h"
#include "scanner/report/report.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void scan_it(const struct image *image)
{
	AUTO_FREE struct findings *findings = calloc(1, sizeof(*findings));
	struct scan scan = { .image = image, .findings = findings };
	AUTO_STRBUF out = STRBUF_INIT;
	struct err err;
	json_t *document;

	if (checks_run(image, findings, &err) < 0 || report_text(&scan, 80, &out, &err) < 0)
		abort();
	for (size_t i = 0; i < out.length; i++) {
		if (((unsigned char)out.data[i] < 0x20 && out.data[i] != '\n') || out.data[i] == 0x7f)
			abort();
	}
	document = report_json(&scan);
	json_decref(document);
	findings_fini(findings);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_FD int fd = memfd_create("image", MFD_CLOEXEC);
	char path[64];
	struct image *image = NULL;
	struct err err = { 0 };

	if (fd < 0 || fd_write_all(fd, data, size, &err) < 0)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (image_open(&(struct image_conf){ .path = path }, &image, &err) == 0)
		scan_it(image);
	else if (!err.message[0])
		abort();
	image_close(image);
	return 0;
}
