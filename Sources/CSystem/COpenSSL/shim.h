/*
 * OpenSSL 3 as Swift sees it: the headers, and functions for what OpenSSL only
 * offers as macros.
 *
 * The functions wrap one macro each and add nothing. Slot 0 of the extra data
 * is the one OpenSSL reserves for the owner of the object ("app data"); taking
 * another would allocate an index for the whole process, which is not ours.
 */
#ifndef VOICE_COPENSSL_SHIM_H
#define VOICE_COPENSSL_SHIM_H

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

static inline int voice_ssl_ctx_set_min_tls12(SSL_CTX *context)
{
	return (int)SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
}

static inline long voice_ssl_ctx_set_mode(SSL_CTX *context, long mode)
{
	return SSL_CTX_set_mode(context, mode);
}

static inline long voice_ssl_ctx_set_session_cache_mode(SSL_CTX *context,
                                                        long mode)
{
	return SSL_CTX_set_session_cache_mode(context, mode);
}

static inline int voice_ssl_set_server_name(SSL *ssl, const char *name)
{
	return (int)SSL_set_tlsext_host_name(ssl, name);
}

static inline int voice_ssl_set_app_data(SSL *ssl, void *data)
{
	return SSL_set_app_data(ssl, data);
}

static inline void *voice_ssl_get_app_data(const SSL *ssl)
{
	return SSL_get_app_data(ssl);
}

/* Bytes that wait in a memory BIO. */
static inline size_t voice_bio_pending(BIO *bio)
{
	return BIO_ctrl_pending(bio);
}

/* An empty memory BIO then means "no more data yet", not the end. */
static inline void voice_bio_mem_set_would_block(BIO *bio)
{
	(void)BIO_set_mem_eof_return(bio, -1);
}

static inline void voice_bio_clear_retry(BIO *bio)
{
	BIO_clear_retry_flags(bio);
}

/* The read was given nothing because there is no more data yet. */
static inline void voice_bio_set_retry_read(BIO *bio)
{
	BIO_set_retry_read(bio);
}

static inline int voice_err_library(unsigned long code)
{
	return ERR_GET_LIB(code);
}

static inline int voice_err_reason(unsigned long code)
{
	return ERR_GET_REASON(code);
}

static inline long voice_ssl_mode_defaults(void)
{
	return SSL_MODE_ENABLE_PARTIAL_WRITE |
	       SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS;
}

/* SSL_OP_* are 64-bit shifts that Swift does not import. */
static inline uint64_t voice_ssl_options_defaults(void)
{
	return SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION;
}

static inline unsigned int voice_no_partial_wildcards(void)
{
	return X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS;
}

#endif
