/* Every limit of the library, in one place. All may be overridden at build time with -D. */
#ifndef VKYC_LIMITS_H
#define VKYC_LIMITS_H

/* A body, sent or received, in bytes. A KYC answer is below 4 KiB. */
#ifndef VKYC_MAX_BODY
#define VKYC_MAX_BODY ((size_t)1 << 20)
#endif

/* Nesting of JSON, both ways. The deepest documented body has 3. */
#ifndef VKYC_MAX_DEPTH
#define VKYC_MAX_DEPTH 32
#endif

/* A key of a JSON object in bytes, after decoding of its escapes. */
#ifndef VKYC_MAX_KEY
#define VKYC_MAX_KEY 256
#endif

/* Keys of all objects that are open at once: bounds the search for duplicate keys. */
#ifndef VKYC_MAX_OPEN_KEYS
#define VKYC_MAX_OPEN_KEYS 1024
#endif

/* A number of JSON in characters; more digits carry no information a double or int64 could keep. */
#ifndef VKYC_MAX_NUMBER
#define VKYC_MAX_NUMBER 128
#endif

/* Fields of one object of a schema, and of a schema in all: a table that holds itself twice would go on for ever. */
#ifndef VKYC_MAX_FIELDS
#define VKYC_MAX_FIELDS 256
#endif
#ifndef VKYC_MAX_SCHEMA
#define VKYC_MAX_SCHEMA 4096
#endif

/* An id (of a user, of a case) in bytes, unless its field says otherwise. */
#ifndef VKYC_MAX_ID
#define VKYC_MAX_ID 50
#endif

/* Violations that one validation lists; the rest are counted. */
#ifndef VKYC_MAX_VIOLATIONS
#define VKYC_MAX_VIOLATIONS 64
#endif

/* A path such as security_questions[2].order, in bytes. */
#ifndef VKYC_MAX_PATH
#define VKYC_MAX_PATH 256
#endif

/* Header lines of a message, and their bytes. */
#ifndef VKYC_MAX_HEADERS
#define VKYC_MAX_HEADERS 256
#endif
#ifndef VKYC_MAX_HEADER_BYTES
#define VKYC_MAX_HEADER_BYTES ((size_t)64 << 10)
#endif

/* Interim answers (1xx) before the answer. */
#ifndef VKYC_MAX_INTERIM
#define VKYC_MAX_INTERIM 16
#endif

/* A URL in bytes. */
#ifndef VKYC_MAX_URL
#define VKYC_MAX_URL ((size_t)8 << 10)
#endif

/* A secret in bytes. */
#ifndef VKYC_MAX_SECRET
#define VKYC_MAX_SECRET ((size_t)16 << 10)
#endif

/* A PEM file with a key that signs or encrypts, in bytes. */
#ifndef VKYC_MAX_PEM
#define VKYC_MAX_PEM ((size_t)64 << 10)
#endif

/* A provider's text inside an error, in bytes, after redaction. */
#ifndef VKYC_MAX_TEXT
#define VKYC_MAX_TEXT 200
#endif

/* Webhook secrets tried for one delivery, and the bytes of a header that is looked at. */
#ifndef VKYC_MAX_WEBHOOK_SECRETS
#define VKYC_MAX_WEBHOOK_SECRETS 16
#endif
#ifndef VKYC_MAX_WEBHOOK_HEADER
#define VKYC_MAX_WEBHOOK_HEADER 256
#endif

/* Transfers that one loop has on its background thread at a time; further calls wait. */
#ifndef VKYC_MAX_IN_FLIGHT
#define VKYC_MAX_IN_FLIGHT 64
#endif

/* Identities (ca_file, client_cert, …) that the clients of one loop have at a time. */
#ifndef VKYC_MAX_IDENTITIES
#define VKYC_MAX_IDENTITIES 8
#endif

/* The stack of a loop's background thread, in bytes. libcurl and OpenSSL were seen to use a quarter of it. */
#ifndef VKYC_THREAD_STACK
#define VKYC_THREAD_STACK ((size_t)256 << 10)
#endif

/* How long closing a loop waits for its thread, in milliseconds. One that is busy inside of OpenSSL then ends by itself. */
#ifndef VKYC_MAX_CLOSE
#define VKYC_MAX_CLOSE 250
#endif

#endif
