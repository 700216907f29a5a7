/* The blocks of a configuration file: where each begins, and that each name is used once. */
#include "config/blocks.h"

#include <string.h>
#include <strings.h>

/* The block that was just read: the last one, but libConfuse puts one in the place of an earlier
 * one of the same title. */
static cfg_t *current_block(const struct checks *checks, const cfg_t *cfg, cfg_opt_t *opt)
{
	cfg_t *last = cfg_opt_getnsec(opt, cfg_opt_size(opt) - 1);

	if (cfg_opt_size(opt) > checks->blocks[option_section(last->name)])
		return last;
	for (unsigned i = cfg_opt_size(opt); i-- > 0;) {
		cfg_t *block = cfg_opt_getnsec(opt, i);

		if (block->line == cfg->line && strcmp(block->filename, cfg->filename) == 0)
			return block;
	}
	return last;
}

/* libConfuse knows where the block has ended; who reads the report looks for where it begins. */
static void set_first_line(struct checks *checks, cfg_t *block)
{
	int line;

	if (checks->begun.length < sizeof(line))
		return;
	memcpy(&line, checks->begun.data, sizeof(line));
	memmove(checks->begun.data, checks->begun.data + sizeof(line),
		checks->begun.length - sizeof(line));
	text_cut(&checks->begun, checks->begun.length - sizeof(line));
	block->line = line;
}

/* A shop is the same in any case, as a domain is. */
static void check_name(struct checks *checks, const cfg_t *block)
{
	bool is_shop = strcmp(block->name, "shop") == 0;
	struct text name = {0};
	struct text text = {0};

	text_format(&name, "%s ", block->name);
	text_put(&name, block->title);
	for (size_t i = 0; i < checks->names.count; i++) {
		if ((is_shop ? strcasecmp : strcmp)(checks->names.items[i], text_string(&name)) !=
			0)
			continue;
		text_format(&text, "duplicate block: a %s of this name is already defined at ",
			block->name);
		text_put(&text, checks->lines.items[i]);
		mistakes_add(&checks->mistakes, block, text_string(&text));
		text_cut(&text, 0);
		break;
	}
	text_put(&text, block->filename);
	text_format(&text, ":%d", block->line);
	if (strings_add(&checks->names, text_string(&name)) != 0 ||
		strings_add(&checks->lines, text_string(&text)) != 0)
		mistakes_add(&checks->mistakes, block, "no memory");
	text_free(&name);
	text_free(&text);
}

cfg_t *blocks_take(struct checks *checks, const cfg_t *cfg, cfg_opt_t *opt)
{
	cfg_t *block = current_block(checks, cfg, opt);

	set_first_line(checks, block);
	check_name(checks, block);
	return block;
}
