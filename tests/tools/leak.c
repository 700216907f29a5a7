/* Loses memory: `make check-sanitize` sees first that this is noticed. */
#include <stdlib.h>

int main(void)
{
	char *volatile lost = malloc(10);

	lost = NULL;
	return lost != NULL;
}
