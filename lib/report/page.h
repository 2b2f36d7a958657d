/*
 * page.h: what every part of a report writes through: escaping, glyphs with their ASCII forms, colours, wrapped lines.
 */
#pragma once

#include "model/event.h"
#include "report/report.h"

/* id, on a terminal that knows Unicode, with --ascii */
#define GLYPHS(X)                                                                                                    \
	X(CRITICAL, "▲", "^")                                                                                        \
	X(ERROR, "■", "#")                                                                                           \
	X(WARNING, "◆", "*")                                                                                         \
	X(NOTICE, "●", "o")                                                                                          \
	X(PLAIN, "·", ".")                                                                                           \
	X(BLIND, "░", ":")                                                                                           \
	X(COVERED, "█", "=")                                                                                         \
	X(LINE, "─", "-")                                                                                            \
	X(DASH, "┄", "-")                                                                                            \
	X(START, "├", "|")                                                                                           \
	X(END, "┤", "|")                                                                                             \
	X(BREAK, "┊", "/")                                                                                           \
	X(ARROW, "→", "->")                                                                                          \
	X(BRANCH, "├─ ", "|- ")                                                                                      \
	X(LAST, "└─ ", "`- ")                                                                                        \
	X(PIPE, "│  ", "|  ")                                                                                        \
	X(DOT, " · ", "; ")                                                                                          \
	X(CUT, "…", "...")                                                                                           \
	X(BLANK, " ", " ")

enum glyph {
#define X(id, unicode, ascii) GLYPH_##id,
	GLYPHS(X)
#undef X
};

/* id, SGR parameters */
#define TINTS(X)                                                                                                     \
	X(NONE, "0")                                                                                                 \
	X(HEAD, "1")                                                                                                 \
	X(FAINT, "2")                                                                                                \
	X(RED, "1;31")                                                                                               \
	X(ORANGE, "31")                                                                                              \
	X(YELLOW, "33")                                                                                              \
	X(CYAN, "36")

enum tint {
#define X(id, sgr) TINT_##id,
	TINTS(X)
#undef X
};

struct page {
	struct strbuf *out;
	struct report_style style;
};

const char *page_glyph(const struct page *page, enum glyph glyph);
void page_tint(struct page *page, enum tint tint); /* nothing without colour */
void page_tinted(struct page *page, enum tint tint, const char *safe);

/* A section's head: a blank line before it, the head in capitals as given. */
void page_head(struct page *page, const char *head, const char *safe_rest);

/* Appends text that anybody may have chosen to line, escaped as the page wants it; NULL adds nothing. */
void page_escape(const struct page *page, struct strbuf *line, const char *text);

/* Appends safe text to line, cut or padded to width columns. */
void page_fit(const struct page *page, struct strbuf *line, const char *safe, size_t width);

/*
 * Writes safe text and a newline, broken at blanks so that it ends within the page; further lines are indented. The cursor stands
 * at column "at". Words longer than a line stay whole, so that they can be copied.
 */
void page_wrap(struct page *page, size_t at, size_t indent, const char *safe);

/* Names an attacker may not choose: glyph and tint of a priority, -1 for none. */
enum glyph priority_glyph(int priority);
enum tint priority_tint(int priority);
