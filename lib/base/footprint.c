#include "base/footprint.h"

#include <link.h>
#include <malloc.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/attr.h"

/* What can be written has been: relocated addresses, too, although they are read-only by now. It would be lost. */
static int let_go(struct dl_phdr_info *info, size_t size UNUSED, void *context UNUSED)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);

	for (size_t i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *part = &info->dlpi_phdr[i];
		uintptr_t first = info->dlpi_addr + part->p_vaddr, last = first + part->p_filesz;

		if (part->p_type != PT_LOAD || part->p_flags & PF_W)
			continue;
		/* a page that two parts share belongs to neither */
		first = (first + page - 1) & ~(page - 1);
		last &= ~(page - 1);
		if (first < last)
			madvise((void *)first, last - first, MADV_DONTNEED);
	}
	return 0;
}

void footprint_shrink(void)
{
	malloc_trim(0);
	dl_iterate_phdr(let_go, NULL);
}
