/* Digests and signatures, by OpenSSL; the only module that knows it. */
#include "base/digest.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

/* Making a context costs more than the digest of a small body, so each thread keeps one. */
static pthread_key_t context_key;
static pthread_once_t context_once = PTHREAD_ONCE_INIT;

static void free_context(void *context)
{
	EVP_MAC_CTX_free(context);
}

static void make_key(void)
{
	(void)pthread_key_create(&context_key, free_context);
}

static EVP_MAC_CTX *thread_context(void)
{
	EVP_MAC_CTX *context;
	EVP_MAC *mac;

	(void)pthread_once(&context_once, make_key);
	context = pthread_getspecific(context_key);
	if (context != NULL)
		return context;
	mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	if (mac == NULL)
		return NULL;
	context = EVP_MAC_CTX_new(mac);
	EVP_MAC_free(mac);
	if (context != NULL && pthread_setspecific(context_key, context) != 0) {
		EVP_MAC_CTX_free(context);
		return NULL;
	}
	return context;
}

static bool digest_all(
	EVP_MD_CTX *context, const struct digest_part *parts, size_t count, unsigned char *digest)
{
	if (EVP_DigestInit_ex(context, EVP_sha256(), NULL) != 1)
		return false;
	for (size_t i = 0; i < count; i++)
		if (EVP_DigestUpdate(context, parts[i].bytes, parts[i].length) != 1)
			return false;
	return EVP_DigestFinal_ex(context, digest, NULL) == 1;
}

int digest_sha256(const struct digest_part *parts, size_t count, unsigned char digest[SHA256_SIZE])
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool done = context != NULL && digest_all(context, parts, count, digest);

	EVP_MD_CTX_free(context);
	return done ? 0 : -1;
}

int digest_hmac_parts(const char *key, size_t key_length, const struct digest_part *parts,
	size_t count, unsigned char digest[SHA256_SIZE])
{
	EVP_MAC_CTX *context = thread_context();
	char name[] = "SHA256";
	OSSL_PARAM parameters[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0),
		OSSL_PARAM_construct_end(),
	};
	size_t written = 0;

	if (context == NULL)
		return -1;
	if (EVP_MAC_init(context, (const unsigned char *)key, key_length, parameters) != 1)
		return -1;
	for (size_t i = 0; i < count; i++)
		if (EVP_MAC_update(context, parts[i].bytes, parts[i].length) != 1)
			return -1;
	if (EVP_MAC_final(context, digest, &written, SHA256_SIZE) != 1)
		return -1;
	return written == SHA256_SIZE ? 0 : -1;
}

int digest_hmac(const char *key, size_t key_length, const void *bytes, size_t length,
	unsigned char digest[SHA256_SIZE])
{
	const struct digest_part whole = {bytes, length};

	return digest_hmac_parts(key, key_length, &whole, 1, digest);
}

bool digest_equal(const unsigned char a[SHA256_SIZE], const unsigned char b[SHA256_SIZE])
{
	return CRYPTO_memcmp(a, b, SHA256_SIZE) == 0;
}

void digest_base64(const unsigned char digest[SHA256_SIZE], char text[SHA256_BASE64])
{
	(void)EVP_EncodeBlock((unsigned char *)text, digest, SHA256_SIZE);
}

bool digest_from_base64(const char *text, size_t length, unsigned char digest[SHA256_SIZE])
{
	unsigned char decoded[SHA256_SIZE + 3];
	char again[SHA256_BASE64];

	if (length != SHA256_BASE64 - 1)
		return false;
	if (EVP_DecodeBlock(decoded, (const unsigned char *)text, SHA256_BASE64 - 1) < SHA256_SIZE)
		return false;
	memcpy(digest, decoded, SHA256_SIZE);
	digest_base64(digest, again); /* OpenSSL forgives white space and stray bits: we do not */
	return memcmp(again, text, length) == 0;
}

static void write_hex(const unsigned char *bytes, size_t length, char *text)
{
	for (size_t i = 0; i < length; i++)
		(void)snprintf(text + i * 2, 3, "%02x", bytes[i]);
}

void digest_hex(const unsigned char digest[SHA256_SIZE], char text[SHA256_HEX])
{
	write_hex(digest, SHA256_SIZE, text);
}

static int hex_value(char digit)
{
	static const char digits[] = "0123456789abcdef0123456789ABCDEF";
	const char *at = digit != '\0' ? strchr(digits, digit) : NULL;

	return at != NULL ? (int)((at - digits) % 16) : -1;
}

bool digest_from_hex(const char *text, size_t length, unsigned char digest[SHA256_SIZE])
{
	if (length != SHA256_HEX - 1)
		return false;
	for (size_t i = 0; i < SHA256_SIZE; i++) {
		int high = hex_value(text[i * 2]);
		int low = hex_value(text[i * 2 + 1]);

		if (high < 0 || low < 0)
			return false;
		digest[i] = (unsigned char)(high * 16 + low);
	}
	return true;
}

int digest_md5(const char *string, char text[MD5_TEXT])
{
	unsigned char digest[EVP_MAX_MD_SIZE];

	if (EVP_Digest(string, strlen(string), digest, NULL, EVP_md5(), NULL) != 1)
		return -1;
	write_hex(digest, (MD5_TEXT - 1) / 2, text);
	return 0;
}

void digest_wipe(void *secret, size_t length)
{
	OPENSSL_cleanse(secret, length);
}
