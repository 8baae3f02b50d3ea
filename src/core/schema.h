/* What a field may hold, and whether a text keeps to it. A schema is built once and then only read. */
#ifndef VKYC_SCHEMA_H
#define VKYC_SCHEMA_H

#include <stddef.h>
#include <stdint.h>

#include "limits.h"

enum vkyc_type {
    VKYC_TYPE_STRING,
    VKYC_TYPE_ID,    /* 1-50 of letters, digits, '.', '-', '_' unless bounds say otherwise */
    VKYC_TYPE_INT,   /* within +-2^53, an integer of Lua */
    VKYC_TYPE_INT64, /* a string of digits in Lua, a number in JSON */
    VKYC_TYPE_NUMBER,
    VKYC_TYPE_BOOLEAN,
    VKYC_TYPE_DATE,       /* YYYY-MM-DD or DD-MM-YYYY */
    VKYC_TYPE_DATETIME,   /* what vkyc_timestamp_read takes, bare dates included */
    VKYC_TYPE_URL,        /* http or https, no white space */
    VKYC_TYPE_PHONE,      /* 10 digits, unless a pattern of bounds says otherwise */
    VKYC_TYPE_ENUM,       /* one of values */
    VKYC_TYPE_ENUM_MODEL, /* a string or an object with a name */
    VKYC_TYPE_ARRAY,
    VKYC_TYPE_OBJECT,
    VKYC_TYPE_ANY, /* as the value is */
    VKYC_TYPE_COUNT
};

enum vkyc_charset {
    VKYC_CHARSET_NONE,
    VKYC_CHARSET_ID, /* letters, digits, '.', '-', '_' */
    VKYC_CHARSET_DIGITS,
    VKYC_CHARSET_ALPHANUMERIC,
    VKYC_CHARSET_PRINTABLE, /* ASCII 32-126 */
    VKYC_CHARSET_COUNT
};

enum vkyc_rule {
    VKYC_RULE_FINE,
    VKYC_RULE_REQUIRED,
    VKYC_RULE_TYPE,
    VKYC_RULE_TOO_SHORT, /* characters, or items */
    VKYC_RULE_TOO_LONG,
    VKYC_RULE_CHARSET,
    VKYC_RULE_VALUE,  /* not one of the allowed values */
    VKYC_RULE_FORMAT, /* not a date, a URL, a phone number, digits, an integer */
    VKYC_RULE_RANGE,
    VKYC_RULE_SEQUENCE, /* not exactly 1..n */
    VKYC_RULE_UTF8,
    VKYC_RULE_NUL,
    VKYC_RULE_UNKNOWN, /* no such field */
    VKYC_RULE_TWICE    /* two spellings of one field, or an extra that is a field */
};

struct vkyc_object;

struct vkyc_text {
    const char *text; /* borrowed: whoever builds the schema keeps it alive */
    size_t size;
};

struct vkyc_field {
    struct vkyc_text name;
    struct vkyc_text json_key; /* the name as a writer puts it: "name": in quotes and with its colon */
    int ref;                   /* for whoever built the schema */
    uint32_t hash;             /* vkyc_json_hash of name */
    enum vkyc_type type;
    enum vkyc_charset charset;
    int required;
    int sensitive;
    int strict;
    int number_too; /* a string field that also takes a number, sent as one */
    int has_min;    /* characters, items, or the number itself */
    int has_max;
    double min;
    double max;
    const struct vkyc_text *values; /* of an enum, or of any text field that lists them */
    size_t value_count;
    const struct vkyc_text *also; /* other spellings of the name that requests may use; name is what is sent */
    size_t also_count;
    const struct vkyc_field *items;    /* of an array; NULL: anything */
    const struct vkyc_object *object;  /* of an object; NULL: anything */
    const struct vkyc_field *sequence; /* of an array of objects: the field whose values must be exactly 1..n */
};

struct vkyc_object {
    struct vkyc_field *fields;
    size_t count;
};

/* Names as they stand in a provider's table; -1 when there is none of that name. */
int vkyc_type_find(const char *name, size_t size);
int vkyc_charset_find(const char *name, size_t size);

/* The index of the field with that name, or -1. `hint` is where to look first: bodies come in the order of their documentation. */
int vkyc_object_find(const struct vkyc_object *o, const char *name, size_t size, uint32_t hash, size_t hint);

/* The field whose name is nearest to `name`, or -1 when none is near (at most a third of its letters differ). */
int vkyc_object_suggest(const struct vkyc_object *o, const char *name, size_t size);

/* Checks a text against a field of a text type, UTF-8 and NUL included. */
enum vkyc_rule vkyc_field_check_text(const struct vkyc_field *f, const char *text, size_t size);

/* The same for a text that is known to be ASCII without NUL. */
enum vkyc_rule vkyc_field_check_ascii(const struct vkyc_field *f, const char *text, size_t size);

/* Checks a number against min and max. */
enum vkyc_rule vkyc_field_check_number(const struct vkyc_field *f, double value);

/* 1 when `text` is an integer of at most 64 bits (optional minus, no leading zeros). */
int vkyc_digits_check(const char *text, size_t size);

/* The word that a violation carries: "required", "type", "too_short" … */
const char *vkyc_rule_name(enum vkyc_rule rule);

/* Writes what the field wants, for a person, without its value: "must be 1 to 50 characters". Returns as snprintf. */
int vkyc_rule_describe(enum vkyc_rule rule, const struct vkyc_field *f, char *out, size_t size);

#endif
