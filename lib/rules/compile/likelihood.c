#include "rules/compile/likelihood.h"

#include "base/bytes.h"
#include "rules/run/matcher.h"

#define NAME_LIKELY    0.002f
#define NUMBER_LIKELY  0.05f
#define SHORT_LIKELY   0.1f /* a text of one or two letters */
#define ADDRESS_LIKELY 0.01f
#define HALF	       0.5f
#define MOST	       0.9f
#define PATTERN_LIKELY 0.05f
#define PER_MILLE      1000.0f
#define TRANSFORM_COST 20.0f
#define ANCESTORS_COST 30.0f
#define REGEX_COST     40.0f
#define PATTERN_COST   10.0f
#define SEARCH_COST    3.0f

static const struct {
	enum field field;
	unsigned int per_mille;
} rows[] = {
#define ROW(field, per_mille) { FIELD_##field, per_mille },
#include "rules/compile/likelihood.def"
#undef ROW
};

/* However many constants a set has, the other values may be just as common. */
static float capped(float likely)
{
	return likely < HALF ? likely : HALF;
}

static float constant_likely(const struct operand *operand, const struct value *constant)
{
	for (size_t i = 0; operand->kind == OPERAND_FIELD && i < ARRAY_SIZE(rows); i++) {
		if (rows[i].field == operand->field)
			return (float)rows[i].per_mille / PER_MILLE;
	}
	switch (operand->type) {
	case VALUE_TEXT:
	case VALUE_BYTES:
		return constant->length < 3 ? SHORT_LIKELY : NAME_LIKELY;
	case VALUE_BOOL:
		return HALF;
	case VALUE_IP:
	case VALUE_NET:
		return ADDRESS_LIKELY;
	default:
		return NUMBER_LIKELY;
	}
}

/* Beginnings, endings and parts: the longer the rarer. */
static float part_likely(const struct value *part)
{
	static const float by_length[] = { 1.0f, 0.7f, 0.3f, 0.1f, 0.05f };

	return part->length < ARRAY_SIZE(by_length) ? by_length[part->length] : 0.02f;
}

static float likely_of(const struct operand *operand, const struct matcher *matcher)
{
	float sum = 0;

	switch (matcher->op) {
	case OP_EXISTS:
		return MOST;
	case OP_EQ:
	case OP_IN:
	case OP_INTERSECTS:
		for (size_t i = 0; i < matcher->count; i++)
			sum += constant_likely(operand, &matcher->values[i]);
		return matcher->right != UINT32_MAX ? HALF : capped(sum);
	case OP_NE:
		return matcher->count ? 1 - constant_likely(operand, &matcher->values[0]) : HALF;
	case OP_STARTSWITH:
	case OP_ENDSWITH:
	case OP_CONTAINS:
	case OP_ICONTAINS:
	case OP_BCONTAINS:
	case OP_BSTARTSWITH:
		for (size_t i = 0; i < matcher->count; i++)
			sum += part_likely(&matcher->values[i]);
		return matcher->right != UINT32_MAX ? HALF : capped(sum);
	case OP_GLOB:
	case OP_IGLOB:
	case OP_REGEX:
	case OP_PMATCH:
		return capped(PATTERN_LIKELY * (float)matcher->count);
	default:
		return HALF;
	}
}

float operand_cost(const struct operand *operand)
{
	return operand->kind == OPERAND_TRANSFORM ? TRANSFORM_COST : operand->is_ancestors ? ANCESTORS_COST : 1;
}

static float cost_of(const struct operand *operand, const struct matcher *matcher)
{
	float cost = operand_cost(operand);

	switch (matcher->op) {
	case OP_REGEX:
		return cost + REGEX_COST * (float)matcher->count;
	case OP_GLOB:
	case OP_IGLOB:
		return cost + PATTERN_COST * (float)matcher->count;
	case OP_PMATCH:
		return cost + PATTERN_COST;
	case OP_CONTAINS:
	case OP_ICONTAINS:
	case OP_BCONTAINS:
		return cost + SEARCH_COST;
	default:
		return cost + 1;
	}
}

struct guess check_guess(const struct program *program, const struct matcher *matcher)
{
	const struct operand *operand = &program->operands[matcher->left];

	return (struct guess){ likely_of(operand, matcher), cost_of(operand, matcher) };
}
