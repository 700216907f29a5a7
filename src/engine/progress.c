/* Counts crashes of the process by the work in progress. */
#include "engine/progress.h"

#include "base/log.h"

#include <string.h>
#include <unistd.h>

/* The beginning of the file; the entries follow. A file of another version is ignored, because this
 * version may have fixed the crash. */
struct head {
	char version[32];
	struct progress_entry current; /* crashes is 0 for none */
};

enum { FILE_SIZE = sizeof(struct head) + PROGRESS_MOST * sizeof(struct progress_entry) };

static const uint64_t HASH_BASIS = 0xcbf29ce484222325;

/* FNV-1a of a number and of bytes. */
static uint64_t mix(uint64_t before, uint64_t number)
{
	return (before ^ number) * 0x100000001b3;
}

static uint64_t hash(uint64_t before, const void *bytes, size_t length)
{
	const unsigned char *at = bytes;

	for (size_t i = 0; i < length; i++)
		before = mix(before, at[i]);
	return before;
}

static uint64_t hash_text(uint64_t before, const char *text)
{
	return hash(before, text, strlen(text) + 1);
}

static uint64_t check_of(const struct progress_entry *entry)
{
	uint64_t check = mix(mix(HASH_BASIS, entry->crashes), entry->id.name);

	return hash(check, entry->id.print, sizeof(entry->id.print));
}

static bool is_sound(const struct progress_entry *entry)
{
	return entry->crashes > 0 && entry->check == check_of(entry);
}

static bool is_same(const struct work_id *a, const struct work_id *b)
{
	return a->name == b->name && memcmp(a->print, b->print, sizeof(a->print)) == 0;
}

/* ---- ids ---- */

struct work_id progress_of_delivery(const struct delivery *delivery)
{
	struct work_id id = {
		.name = hash_text(hash_text(hash_text(HASH_BASIS, "delivery"), delivery->shop),
			delivery->topic)};

	memcpy(id.print, delivery->fingerprint, sizeof(id.print));
	return id;
}

/* Without memory for a digest, all timers of a kind have the same id. */
struct work_id progress_of_timer(const struct timer *timer)
{
	struct work_id id = {
		.name = hash_text(
			hash_text(hash_text(HASH_BASIS, "timer"), timer->shop), timer->kind)};
	const struct digest_part key = {timer->key, strlen(timer->key)};

	(void)digest_sha256(&key, 1, id.print);
	return id;
}

/* ---- the file ---- */

static struct head head_of(void)
{
	return (struct head){.version = SEGRELAY_VERSION};
}

/* A failed write is ignored: the crash is not counted. */
static void write_at(const struct in_progress *progress, const void *bytes, size_t length, off_t at)
{
	if (progress->file >= 0)
		(void)!pwrite(progress->file, bytes, length, at);
}

static void write_all(const struct in_progress *progress)
{
	const struct head head = head_of();

	write_at(progress, &head, sizeof(head), 0);
	write_at(progress, progress->entries, sizeof(progress->entries), sizeof(head));
}

static size_t index_of(const struct in_progress *progress, const struct work_id *id)
{
	size_t i = 0;

	while (i < progress->count && !is_same(&progress->entries[i].id, id))
		i++;
	return i;
}

static void remove_at(struct in_progress *progress, size_t index)
{
	progress->count--;
	memmove(&progress->entries[index], &progress->entries[index + 1],
		(progress->count - index) * sizeof(progress->entries[0]));
	progress->entries[progress->count] = (struct progress_entry){0};
}

static void count_crash(struct in_progress *progress, const struct work_id *id)
{
	size_t index = index_of(progress, id);
	struct progress_entry entry = {.crashes = 1, .id = *id};

	if (index < progress->count)
		entry.crashes = progress->entries[index].crashes + 1;
	else if (progress->count == PROGRESS_MOST)
		index = 0;
	if (index < progress->count)
		remove_at(progress, index);
	entry.check = check_of(&entry);
	progress->entries[progress->count++] = entry;
	log_line(LOG_WARNING, "crash detected", LOG_NUMBER("crashes", entry.crashes),
		LOG_STRING("reason", "the process died while it processed a delivery or a timer"),
		LOG_STRING("effect", entry.crashes < PROGRESS_CRASHES
					     ? "the delivery or timer is retried"
					     : "the delivery or timer is set aside"),
		LOG_STRING("action", "report the crash"));
}

static void read_all(struct in_progress *progress)
{
	struct head head = {.version = ""};
	struct progress_entry entries[PROGRESS_MOST] = {0};
	const struct head expected = head_of();

	if (pread(progress->file, &head, sizeof(head), 0) != (ssize_t)sizeof(head) ||
		pread(progress->file, entries, sizeof(entries), sizeof(head)) !=
			(ssize_t)sizeof(entries) ||
		memcmp(head.version, expected.version, sizeof(head.version)) != 0)
		return;
	for (size_t i = 0; i < PROGRESS_MOST; i++)
		if (is_sound(&entries[i]))
			progress->entries[progress->count++] = entries[i];
	if (is_sound(&head.current))
		count_crash(progress, &head.current.id);
}

void progress_open(struct in_progress *progress, struct store *store)
{
	*progress = (struct in_progress){.file = -1};
	store_open_marker(store, FILE_SIZE, &progress->file);
	if (progress->file < 0)
		return;
	read_all(progress);
	write_all(progress);
}

void progress_close(struct in_progress *progress)
{
	if (progress->file >= 0)
		(void)close(progress->file);
	progress->file = -1;
}

/* ---- work ---- */

bool progress_is_set_aside(const struct in_progress *progress, const struct work_id *id)
{
	size_t index = index_of(progress, id);

	return index < progress->count && progress->entries[index].crashes >= PROGRESS_CRASHES;
}

static void mark(struct in_progress *progress, const struct progress_entry *current)
{
	write_at(progress, current, sizeof(*current), offsetof(struct head, current));
}

void progress_begin(struct in_progress *progress, const struct work_id *id)
{
	struct progress_entry current = {.crashes = 1, .id = *id};

	if (progress->file < 0)
		return;
	current.check = check_of(&current);
	mark(progress, &current);
	progress->is_marked = true;
}

void progress_end(struct in_progress *progress, const struct work_id *id)
{
	size_t index = index_of(progress, id);

	if (index == progress->count)
		return;
	remove_at(progress, index);
	write_all(progress);
	progress->is_marked = false;
}

void progress_clear(struct in_progress *progress)
{
	static const struct progress_entry nothing;

	if (progress->is_marked)
		mark(progress, &nothing);
	progress->is_marked = false;
}
