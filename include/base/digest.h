/* Digests and signatures, by OpenSSL; the only module that knows it. */
#ifndef SEGRELAY_BASE_DIGEST_H
#define SEGRELAY_BASE_DIGEST_H

#include <stdbool.h>
#include <stddef.h>

enum {
	SHA256_SIZE = 32,
	SHA256_BASE64 = 45, /* 44 characters and a NUL */
	SHA256_HEX = 65,    /* 64 digits and a NUL */
	MD5_TEXT = 33,
};

/* Bytes that are digested behind those of the part before, as if they were copied together. */
struct digest_part {
	const void *bytes;
	size_t length;
};

/* SHA-256 of the parts. 0, or -1 when OpenSSL fails (no memory). */
int digest_sha256(const struct digest_part *parts, size_t count, unsigned char digest[SHA256_SIZE]);

/* HMAC-SHA256 of the parts under a key. 0, or -1 when OpenSSL fails (no memory). Threads may call
 * it at once; each keeps a context of its own. */
int digest_hmac_parts(const char *key, size_t key_length, const struct digest_part *parts,
	size_t count, unsigned char digest[SHA256_SIZE]);

/* The same of `length` bytes. */
int digest_hmac(const char *key, size_t key_length, const void *bytes, size_t length,
	unsigned char digest[SHA256_SIZE]);

/* Whether two digests are equal, in a time that does not depend on where they differ. */
bool digest_equal(const unsigned char a[SHA256_SIZE], const unsigned char b[SHA256_SIZE]);

/* Writes a digest as 44 base64 characters and a NUL. */
void digest_base64(const unsigned char digest[SHA256_SIZE], char text[SHA256_BASE64]);

/* Reads exactly 44 base64 characters, strictly; false when it is anything else. */
bool digest_from_base64(const char *text, size_t length, unsigned char digest[SHA256_SIZE]);

/* Writes a digest as 64 hexadecimal digits in lower case and a NUL. */
void digest_hex(const unsigned char digest[SHA256_SIZE], char text[SHA256_HEX]);

/* Reads `length` characters: exactly 64 hexadecimal digits in any case; false when it is anything
 * else. */
bool digest_from_hex(const char *text, size_t length, unsigned char digest[SHA256_SIZE]);

/* The MD5 of a C string as 32 hexadecimal characters and a NUL: for user_id = md5_email, not for
 * security. 0, or -1 when OpenSSL fails. */
int digest_md5(const char *string, char text[MD5_TEXT]);

/* Overwrites a secret before its memory is given back. */
void digest_forget(void *secret, size_t length);

#endif
