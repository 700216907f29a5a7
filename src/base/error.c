/* Errors: one or two sentences for the operator. */
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>

int error_set(struct error *error, const char *format, ...)
{
	va_list arguments;

	if (error == NULL)
		return -1;
	va_start(arguments, format);
	(void)vsnprintf(error->text, sizeof(error->text), format, arguments);
	va_end(arguments);
	error->kind = ERROR_OTHER;
	return -1;
}

int error_classify(struct error *error, enum error_kind kind)
{
	if (error != NULL)
		error->kind = kind;
	return -1;
}

int error_no_memory(struct error *error)
{
	(void)error_set(error, "no memory");
	return error_classify(error, ERROR_MEMORY);
}
