/* OpenSSL 3 as Swift sees it: the headers, and functions for what OpenSSL only offers as macros. */
#ifndef VOICE_COPENSSL_SHIM_H
#define VOICE_COPENSSL_SHIM_H

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#endif
