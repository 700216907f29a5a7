/* The files of storefront/, unchanged. */
#include "receive/sources/scripts.h"

/* clang-format off */
#define FILE_AS(name, path)                     \
	__asm__(".section .rodata\n"            \
		".global " #name "\n"           \
		#name ":\n"                     \
		".incbin \"" path "\"\n"        \
		".byte 0\n"                     \
		".previous\n")
/* clang-format on */

FILE_AS(storefront_script, "storefront/segrelay.js");
FILE_AS(storefront_pixel, "storefront/segrelay-pixel.js");
