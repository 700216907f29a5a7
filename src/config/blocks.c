/* The blocks of a configuration file: finds where each begins, and checks that each name is used
 * once. */
#include "config/blocks.h"

#include <string.h>
#include <strings.h>

/* The block that was just read. It is the last one, unless its title was used before: then
 * libConfuse puts it in the place of the earlier one. */
static cfg_t *current_block(const struct validation *validation, const cfg_t *cfg, cfg_opt_t *opt)
{
	cfg_t *last = cfg_opt_getnsec(opt, cfg_opt_size(opt) - 1);

	if (cfg_opt_size(opt) > validation->blocks[option_section(last->name)])
		return last;
	for (unsigned i = cfg_opt_size(opt); i-- > 0;) {
		cfg_t *block = cfg_opt_getnsec(opt, i);

		if (block->line == cfg->line && strcmp(block->filename, cfg->filename) == 0)
			return block;
	}
	return last;
}

/* libConfuse knows the line where the block ends; reports name the line where it begins. */
static void set_first_line(struct validation *validation, cfg_t *block)
{
	int line;

	if (validation->begun.length < sizeof(line))
		return;
	memcpy(&line, validation->begun.data, sizeof(line));
	memmove(validation->begun.data, validation->begun.data + sizeof(line),
		validation->begun.length - sizeof(line));
	text_cut(&validation->begun, validation->begun.length - sizeof(line));
	block->line = line;
}

/* A shop's name is compared ignoring case, like a domain. */
static void check_name(struct validation *validation, const cfg_t *block)
{
	bool is_shop = strcmp(block->name, "shop") == 0;
	struct text name = {0};
	struct text text = {0};

	text_format(&name, "%s ", block->name);
	text_put(&name, block->title);
	for (size_t i = 0; i < validation->names.count; i++) {
		if ((is_shop ? strcasecmp : strcmp)(
			    validation->names.items[i], text_string(&name)) != 0)
			continue;
		text_format(&text, "duplicate block: a %s of this name is already defined at ",
			block->name);
		text_put(&text, validation->lines.items[i]);
		errors_add(&validation->errors, block, text_string(&text));
		text_cut(&text, 0);
		break;
	}
	text_put(&text, block->filename);
	text_format(&text, ":%d", block->line);
	if (strings_add(&validation->names, text_string(&name)) != 0 ||
		strings_add(&validation->lines, text_string(&text)) != 0)
		errors_add(&validation->errors, block, "no memory");
	text_free(&name);
	text_free(&text);
}

cfg_t *blocks_take(struct validation *validation, const cfg_t *cfg, cfg_opt_t *opt)
{
	cfg_t *block = current_block(validation, cfg, opt);

	set_first_line(validation, block);
	check_name(validation, block);
	return block;
}
