/* What every unit test needs: cmocka and its headers, in the order that it asks for. */
#ifndef SEGRELAY_TESTS_UNIT_H
#define SEGRELAY_TESTS_UNIT_H

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
/* clang-format on */

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

#endif
