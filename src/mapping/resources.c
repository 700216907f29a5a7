/* Checks a body against the resource that its topic names. */
#include "mapping/resources.h"

#include "mapping/resource_rows.h"
#include "mapping/topics.h"

#include <string.h>
#include <strings.h>

/* ---- topics ---- */

static bool is_named(const char *names, const char *topic)
{
	for (const char *at = names; *at != '\0';) {
		size_t length = strcspn(at, "|");
		bool is_prefix = at[length - 1] == '/';

		if (strncmp(at, topic, length) == 0 && (is_prefix || topic[length] == '\0'))
			return true;
		at += length + (at[length] == '|');
	}
	return false;
}

const struct resource *resource_of(const char *topic)
{
	for (const struct resource *resource = resources; resource->name != NULL; resource++)
		if (is_named(resource->topics, topic))
			return resource;
	return NULL;
}

static bool is_of_recharge(const struct resource *resource)
{
	return strchr(resource->topics, ':') != NULL;
}

/* ---- members ---- */

/* The first of "a|b|c" that the body has, with its length in *length; NULL for none. */
static const char *first_there(const cJSON *payload, const char *names, size_t *length)
{
	for (const char *at = names; at != NULL && *at != '\0';) {
		const cJSON *member;

		*length = strcspn(at, "|");
		cJSON_ArrayForEach (member, payload) {
			if (strncmp(member->string, at, *length) == 0 &&
				member->string[*length] == '\0')
				return at;
		}
		at += *length + (at[*length] == '|');
	}
	return NULL;
}

static bool has_any(const cJSON *payload, const char *names)
{
	size_t length;

	return first_there(payload, names, &length) != NULL;
}

/* The first of "a|b|c" that is empty, with its length in *length; NULL for none. */
static const char *first_missing(const cJSON *payload, const char *names, size_t *length)
{
	for (const char *at = names; at != NULL && *at != '\0';) {
		char name[64];

		*length = strcspn(at, "|");
		if (*length >= sizeof(name))
			return at;
		memcpy(name, at, *length);
		name[*length] = '\0';
		if (json_at(payload, name) == NULL)
			return at;
		at += *length + (at[*length] == '|');
	}
	return NULL;
}

/* A member that only another resource has. Searched for when the body has no id of its type. */
static const char *foreign_member(const struct resource *resource, const cJSON *payload)
{
	const cJSON *member;

	cJSON_ArrayForEach (member, payload) {
		for (const struct resource *other = resources; other->name != NULL; other++)
			if (other != resource && !is_of_recharge(other) && other->owns != NULL &&
				topic_is_among(other->owns, member->string))
				return member->string;
	}
	return NULL;
}

/* The type in `gid://shopify/Order/1`, NULL when the body has no such id. */
static const char *type_of(const cJSON *payload, size_t *length)
{
	static const char gid[] = "gid://shopify/";
	const char *id = json_text(payload, "admin_graphql_api_id");

	if (id == NULL || strncmp(id, gid, sizeof(gid) - 1) != 0)
		return NULL;
	id += sizeof(gid) - 1;
	*length = strcspn(id, "/");
	return id;
}

static bool is_type_of(const struct resource *resource, const char *type, size_t length)
{
	for (const char *at = resource->types; at != NULL && *at != '\0';) {
		size_t step = strcspn(at, "|");

		if (step == length && strncmp(at, type, length) == 0)
			return true;
		at += step + (at[step] == '|');
	}
	return false;
}

static bool shows_itself(const struct resource *resource, const cJSON *payload)
{
	size_t length;

	return type_of(payload, &length) != NULL || has_any(payload, resource->owns);
}

bool resource_is_proven(const struct resource *resource, const cJSON *payload)
{
	return !resource->acts && shows_itself(resource, payload);
}

/* ---- contradictions ---- */

/* The type is letters only: any other text in it is not repeated. */
static const char *wrong_type(
	const struct resource *resource, const cJSON *payload, struct arena *arena)
{
	size_t length;
	const char *type = type_of(payload, &length);

	if (type == NULL || is_type_of(resource, type, length))
		return NULL;
	return arena_format(arena,
		"the body is not %s: its admin_graphql_api_id is of another type", resource->name);
}

static const char *wrong_members(
	const struct resource *resource, const cJSON *payload, struct arena *arena)
{
	size_t length;
	const char *name = first_missing(payload, resource->all, &length);

	if (name != NULL)
		return arena_format(arena, "the body is not %s: it has no %.*s", resource->name,
			(int)length, name);
	if (resource->any != NULL && payload->child != NULL && !has_any(payload, resource->any) &&
		!has_any(payload, resource->owns))
		return arena_format(arena,
			"the body is not %s: it has none of %s; is it in include_fields of the "
			"subscription?",
			resource->name, resource->any);
	name = first_there(payload, resource->none, &length);
	if (name != NULL)
		return arena_format(arena, "the body is not %s: it has %.*s", resource->name,
			(int)length, name);
	return NULL;
}

/* Unknown names are not repeated: they may be personal. */
static const char *wrong_others(
	const struct resource *resource, const cJSON *payload, struct arena *arena)
{
	const cJSON *member;
	const char *name;

	if (resource->only != NULL) {
		cJSON_ArrayForEach (member, payload) {
			if (!topic_is_among(resource->only, member->string))
				return arena_format(arena,
					"the body is not %s: it has more than %s", resource->name,
					resource->only);
		}
	}
	if (is_of_recharge(resource) || shows_itself(resource, payload))
		return NULL;
	name = foreign_member(resource, payload);
	return name != NULL
		       ? arena_format(arena, "the body is not %s: it has %s", resource->name, name)
		       : NULL;
}

/* What an erasure or a request for data must have besides its members. */
static const char *wrong_request(const char *topic, const cJSON *payload)
{
	const char *id = json_text(payload, "shop_id");

	if (id == NULL || strspn(id, "0123456789") != strlen(id))
		return "shop_id is not a number";
	if (json_text(payload, "shop_domain") == NULL)
		return "shop_domain is not a name";
	if (strcmp(topic, "shop/redact") == 0)
		return NULL;
	if (json_text(payload, "customer.id|customer.email|customer.phone") == NULL)
		return "customer names nobody";
	if (strcmp(topic, "customers/redact") == 0 &&
		!cJSON_IsArray(cJSON_GetObjectItemCaseSensitive(payload, "orders_to_redact")))
		return "orders_to_redact is not a list";
	return NULL;
}

/* Names of the shop that only some bodies have. */
static const char *wrong_shop(const struct delivery *delivery, const cJSON *payload)
{
	static const char *const names[] = {"shop_domain", "myshopify_domain", NULL};

	for (const char *const *name = names; *name != NULL; name++) {
		const cJSON *domain = cJSON_GetObjectItemCaseSensitive(payload, *name);

		if (cJSON_IsString(domain) && domain->valuestring[0] != '\0' &&
			strcasecmp(domain->valuestring, delivery->shop) != 0)
			return "the body names another shop";
	}
	return NULL;
}

const char *resource_contradicts(
	const struct delivery *delivery, const cJSON *payload, struct arena *arena)
{
	const struct resource *resource = resource_of(delivery->topic);
	const char *why;

	if (resource == NULL)
		return NULL;
	why = wrong_type(resource, payload, arena);
	if (why == NULL)
		why = wrong_members(resource, payload, arena);
	if (why == NULL)
		why = wrong_others(resource, payload, arena);
	if (why == NULL && resource->all != NULL)
		why = wrong_request(delivery->topic, payload);
	return why != NULL ? why : wrong_shop(delivery, payload);
}
