/* The path of the admin API's unix socket. */
#include "config/admin_socket.h"

#include <string.h>
#include <unistd.h>

int admin_socket_choose(struct config *config)
{
	static const char state[] = "/var/lib/";
	const char *store = config->store + strcspn(config->store, ":") + 1;
	size_t length = strlen(store);
	struct text path = {0};
	const char *name = store + sizeof(state) - 1;
	const char *slash = strrchr(store, '/');
	const char *dot = strrchr(slash != NULL ? slash + 1 : store, '.');

	if (config->admin_socket != NULL || store[0] == ':')
		return 0;
	if (strncmp(store, state, sizeof(state) - 1) == 0 && strchr(name, '/') != NULL)
		text_format(&path, "/run/%.*s", (int)strcspn(name, "/"), name);
	if (path.length > 0 && access(text_string(&path), F_OK) == 0) {
		text_put(&path, "/admin.sock");
	} else {
		text_cut(&path, 0);
		text_add(&path, store, dot != NULL ? (size_t)(dot - store) : length);
		text_put(&path, ".sock");
	}
	config->admin_socket = text_take(&path);
	return config->admin_socket != NULL ? 0 : -1;
}
