#include "scanner/report/release.h"
#include "scanner/report/report.h"
#include "json/json.h"
#include "table/table.h"
#include "text/escape.h"

static const struct table_column columns[] = {
	{ .name = "severity", .title = "SEVERITY" },
	{ .name = "id", .title = "CHECK" },
	{ .name = "title", .title = "FINDING" },
	{ .name = "evidence", .title = "EVIDENCE", .may_shorten = true },
};

static void add_fact(struct strbuf *out, const char *label, const char *text)
{
	if (!text || !*text)
		return;
	strbuf_addf(out, "%-9s ", label);
	escape_adds(out, text);
	strbuf_addc(out, '\n');
}

static void add_image(const struct image *image, struct strbuf *out)
{
	struct release release;

	release_read(image, &release);
	add_fact(out, "image", image->reference);
	add_fact(out, "config", image->config_digest);
	add_fact(out, "manifest", image->manifest_digest);
	add_fact(out, "made of", *release.name ? release.name : release.id);
	add_fact(out, "user", image_setting(image, "User"));
	strbuf_addf(out, "%-9s %zu layers, %zu packages\n", "holds", image->layer_count, image->packages.count);
}

static int add_table(const struct findings *findings, size_t width, struct strbuf *out, struct err *err)
{
	AUTO_TABLE table = table_new(columns, ARRAY_SIZE(columns));
	struct table_style style = { .width = width };

	if (!table)
		return err_set(err, ERR_MEMORY, "out of memory");
	for (size_t i = 0; i < findings->count; i++) {
		const struct finding *finding = &findings->list[i];
		const char *cells[] = { severity_word(finding->severity), finding->id, finding->title,
					finding->evidence };

		if (table_add(table, cells, err) < 0)
			return err->code;
	}
	return table_print(table, TABLE_TEXT, &style, out, err);
}

static void add_counts(const struct findings *findings, struct strbuf *out)
{
	size_t counts[SEVERITY_COUNT] = { 0 };
	const char *separator = ": ";

	for (size_t i = 0; i < findings->count; i++)
		counts[findings->list[i].severity]++;
	strbuf_addf(out, "\n%zu findings", findings->count);
	for (int i = SEVERITY_COUNT - 1; i >= 0; i--) {
		if (!counts[i])
			continue;
		strbuf_addf(out, "%s%zu %s", separator, counts[i], severity_word((enum severity)i));
		separator = ", ";
	}
	strbuf_addc(out, '\n');
}

int report_text(const struct scan *scan, size_t width, struct strbuf *out, struct err *err)
{
	add_image(scan->image, out);
	if (scan->findings->count) {
		strbuf_addc(out, '\n');
		if (add_table(scan->findings, width, out, err) < 0)
			return err->code;
	}
	add_counts(scan->findings, out);
	return out->failed ? err_set(err, ERR_MEMORY, "out of memory") : 0;
}
