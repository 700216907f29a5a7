/* The lines of a cart, which each of its messages has in full: written once, then copied.
 *
 * The messages differ in the level of shrinking, and in where the list is cut. */
#include "mapping/rules.h"
#include "mapping/trims.h"

/* All lines, written at one level of shrinking. */
struct cart_list {
	const cJSON *lines;
	struct money value;
	struct scope written; /* its text lives in the arena */
	struct text text;
	enum shrink shrink;
	size_t *ends; /* the end of each line in the text; NULL before it is written */
	size_t count; /* of lines in the text */
	size_t all;
};

static struct cart_list *list_of(struct work *work)
{
	const cJSON *lines = json_at(work->in->payload, "lines");
	struct cart_list *list = work->scratch.cart_list;

	if (list != NULL && list->lines == lines)
		return list;
	list = arena_alloc(work->arena, sizeof(*list));
	if (list == NULL) {
		work_fail(work, "no memory");
		return NULL;
	}
	*list = (struct cart_list){.lines = lines, .value = sum_of(lines, "line_price")};
	work->scratch.cart_list = list;
	return list;
}

struct money cart_list_value(struct scope *scope)
{
	const struct cart_list *list = list_of(scope->work);

	return list != NULL ? list->value : (struct money){0};
}

/* Moves the text to the arena, so that nobody has to free it. */
static bool keep_text(struct work *work, struct cart_list *list)
{
	size_t length = list->text.length;
	struct text kept = {.length = length, .capacity = length + 1};
	const char *copy = work_keep(work, &list->text);

	list->text = kept;
	list->text.data = (char *)(uintptr_t)copy;
	list->written.out = &list->text;
	return copy != NULL;
}

/* Writes the lines at the scope's level. */
static bool write_lines(struct scope *scope, const struct field *row, struct cart_list *list)
{
	struct trims *trims = scope->trims;
	size_t most = (size_t)cJSON_GetArraySize(list->lines);
	struct work *work = scope->work;
	const cJSON *line;

	list->ends = arena_alloc(work->arena, most * sizeof(*list->ends));
	list->count = 0;
	list->all = 0;
	if (list->ends == NULL) {
		work_fail(work, "no memory");
		return false;
	}
	list->text = (struct text){0};
	list->written = (struct scope){.work = work,
		.out = &list->text,
		.root = scope->root,
		.shrink = scope->shrink,
		.most = UNBOUNDED,
		.limit = UNBOUNDED,
		.longest = scope->longest};
	work->scratch.trims = NULL; /* the list has trims of its own */
	trims_begin(&list->written);
	cJSON_ArrayForEach (line, list->lines) {
		if (!cJSON_IsObject(json_at(line, ".")))
			continue;
		list->all++;
		if (!list->written.is_cut && field_item(&list->written, row->items, line))
			list->ends[list->count++] = list->text.length;
	}
	work->scratch.trims = trims;
	if (!list->written.is_cut && scope->shrink < list->written.shrink)
		scope->shrink = list->written.shrink;
	list->shrink = scope->shrink;
	return keep_text(work, list);
}

void cart_list_write(struct scope *scope, const struct field *row)
{
	struct cart_list *list = list_of(scope->work);
	size_t start = 0;
	size_t trim = 0;

	if (list == NULL || list->lines == NULL)
		return;
	if ((list->ends == NULL || list->shrink != scope->shrink) && !write_lines(scope, row, list))
		return;
	if (list->all == 0)
		return;
	list_begin(scope, row->property);
	for (size_t i = 0; i < list->count; i++) {
		/* after the comma */
		if (!list_item_again(scope, &list->written, start + (i > 0), list->ends[i], &trim))
			break;
		start = list->ends[i];
	}
	if (list->count < list->all && !scope->is_cut)
		list_cut(scope);
	list_end(scope, row->property, list->all);
}
