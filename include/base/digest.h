/* Digests and signatures, with OpenSSL; no other module uses it. */
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

/* One part of the input: the parts are digested as if they were concatenated. */
struct digest_part {
	const void *bytes;
	size_t length;
};

/* SHA-256 of the parts. 0, or -1 when OpenSSL fails (no memory). */
int digest_sha256(const struct digest_part *parts, size_t count, unsigned char digest[SHA256_SIZE]);

/* HMAC-SHA256 of the parts with a key. 0, or -1 when OpenSSL fails (no memory). Thread-safe: each
 * thread has its own context. */
int digest_hmac_parts(const char *key, size_t key_length, const struct digest_part *parts,
	size_t count, unsigned char digest[SHA256_SIZE]);

/* The same for `length` bytes. */
int digest_hmac(const char *key, size_t key_length, const void *bytes, size_t length,
	unsigned char digest[SHA256_SIZE]);

/* Whether two digests are equal, in constant time. */
bool digest_equal(const unsigned char a[SHA256_SIZE], const unsigned char b[SHA256_SIZE]);

/* Writes a digest as 44 base64 characters and a NUL. */
void digest_base64(const unsigned char digest[SHA256_SIZE], char text[SHA256_BASE64]);

/* Decodes exactly 44 base64 characters, strictly; false for anything else. */
bool digest_from_base64(const char *text, size_t length, unsigned char digest[SHA256_SIZE]);

/* Writes a digest as 64 hexadecimal digits in lower case and a NUL. */
void digest_hex(const unsigned char digest[SHA256_SIZE], char text[SHA256_HEX]);

/* Decodes exactly 64 hexadecimal digits in any case; false for anything else. */
bool digest_from_hex(const char *text, size_t length, unsigned char digest[SHA256_SIZE]);

/* The MD5 of a C string as 32 hexadecimal characters and a NUL: for user_id = md5_email, not for
 * security. 0, or -1 when OpenSSL fails. */
int digest_md5(const char *string, char text[MD5_TEXT]);

/* Overwrites a secret before its memory is freed. */
void digest_wipe(void *secret, size_t length);

#endif
