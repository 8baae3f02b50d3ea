#include "schema.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "timestamp.h"
#include "utf8.h"

static const char *const TYPE_NAMES[VKYC_TYPE_COUNT] = {
    [VKYC_TYPE_STRING] = "string", [VKYC_TYPE_ID] = "id",           [VKYC_TYPE_INT] = "int",   [VKYC_TYPE_INT64] = "int64",
    [VKYC_TYPE_NUMBER] = "number", [VKYC_TYPE_BOOLEAN] = "boolean", [VKYC_TYPE_DATE] = "date", [VKYC_TYPE_DATETIME] = "datetime",
    [VKYC_TYPE_URL] = "url",       [VKYC_TYPE_PHONE] = "phone",     [VKYC_TYPE_ENUM] = "enum", [VKYC_TYPE_ENUM_MODEL] = "enum_model",
    [VKYC_TYPE_ARRAY] = "array",   [VKYC_TYPE_OBJECT] = "object",   [VKYC_TYPE_ANY] = "any",
};

static const char *const CHARSET_NAMES[VKYC_CHARSET_COUNT] = {
    [VKYC_CHARSET_NONE] = "",
    [VKYC_CHARSET_ID] = "id",
    [VKYC_CHARSET_DIGITS] = "digits",
    [VKYC_CHARSET_ALPHANUMERIC] = "alphanumeric",
    [VKYC_CHARSET_PRINTABLE] = "printable",
};

static const char *const CHARSET_TEXTS[VKYC_CHARSET_COUNT] = {
    [VKYC_CHARSET_NONE] = "any character",
    [VKYC_CHARSET_ID] = "letters, digits, '.', '-' and '_'",
    [VKYC_CHARSET_DIGITS] = "digits",
    [VKYC_CHARSET_ALPHANUMERIC] = "letters and digits",
    [VKYC_CHARSET_PRINTABLE] = "printable ASCII",
};

static const char *const RULE_NAMES[] = {
    [VKYC_RULE_FINE] = "fine",         [VKYC_RULE_REQUIRED] = "required", [VKYC_RULE_TYPE] = "type",   [VKYC_RULE_TOO_SHORT] = "too_short",
    [VKYC_RULE_TOO_LONG] = "too_long", [VKYC_RULE_CHARSET] = "charset",   [VKYC_RULE_VALUE] = "value", [VKYC_RULE_FORMAT] = "format",
    [VKYC_RULE_RANGE] = "range",       [VKYC_RULE_SEQUENCE] = "sequence", [VKYC_RULE_UTF8] = "utf8",   [VKYC_RULE_NUL] = "nul",
    [VKYC_RULE_UNKNOWN] = "unknown",   [VKYC_RULE_TWICE] = "twice",
};

static int find_name(const char *const *names, int count, const char *name, size_t size)
{
    for (int i = 0; i < count; i++) {
        if (strlen(names[i]) == size && memcmp(names[i], name, size) == 0) {
            return i;
        }
    }
    return -1;
}

int vkyc_type_find(const char *name, size_t size)
{
    return find_name(TYPE_NAMES, VKYC_TYPE_COUNT, name, size);
}

int vkyc_charset_find(const char *name, size_t size)
{
    return size == 0 ? -1 : find_name(CHARSET_NAMES, VKYC_CHARSET_COUNT, name, size);
}

const char *vkyc_rule_name(enum vkyc_rule rule)
{
    return RULE_NAMES[rule];
}

static int same(const struct vkyc_field *f, const char *name, size_t size, uint32_t hash)
{
    return f->hash == hash && f->name.size == size && memcmp(f->name.text, name, size) == 0;
}

int vkyc_object_find(const struct vkyc_object *o, const char *name, size_t size, uint32_t hash, size_t hint)
{
    if (hint < o->count && same(&o->fields[hint], name, size, hash)) {
        return (int)hint;
    }
    for (size_t i = 0; i < o->count; i++) {
        if (same(&o->fields[i], name, size, hash)) {
            return (int)i;
        }
    }
    return -1;
}

/* Levenshtein over lower-cased letters, with a row on the stack: names of fields are short. */
static size_t edit_distance(const char *a, size_t a_size, const char *b, size_t b_size)
{
    enum { LONGEST = 64 };
    size_t row[LONGEST + 1];
    if (a_size > LONGEST || b_size > LONGEST) {
        return SIZE_MAX;
    }
    for (size_t j = 0; j <= b_size; j++) {
        row[j] = j;
    }
    for (size_t i = 1; i <= a_size; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b_size; j++) {
            size_t above = row[j];
            size_t best = diagonal + (tolower((unsigned char)a[i - 1]) != tolower((unsigned char)b[j - 1]));
            best = above + 1 < best ? above + 1 : best;
            best = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
            row[j] = best;
            diagonal = above;
        }
    }
    return row[b_size];
}

int vkyc_object_suggest(const struct vkyc_object *o, const char *name, size_t size)
{
    int nearest = -1;
    size_t least = size / 3 + 1;
    for (size_t i = 0; i < o->count; i++) {
        size_t distance = edit_distance(name, size, o->fields[i].name.text, o->fields[i].name.size);
        if (distance < least) {
            least = distance;
            nearest = (int)i;
        }
    }
    return nearest;
}

enum { IN_DIGITS = 1, IN_LETTERS = 2, IN_JOINS = 4, IN_PRINTABLE = 8 };

/* Which sets a byte belongs to. */
static const unsigned char CLASSES[256] = {
    [' ' ... ','] = IN_PRINTABLE,
    ['-'] = IN_PRINTABLE | IN_JOINS,
    ['.'] = IN_PRINTABLE | IN_JOINS,
    ['/'] = IN_PRINTABLE,
    ['0' ... '9'] = IN_PRINTABLE | IN_DIGITS,
    [':' ... '@'] = IN_PRINTABLE,
    ['A' ... 'Z'] = IN_PRINTABLE | IN_LETTERS,
    ['[' ... '^'] = IN_PRINTABLE,
    ['_'] = IN_PRINTABLE | IN_JOINS,
    ['`'] = IN_PRINTABLE,
    ['a' ... 'z'] = IN_PRINTABLE | IN_LETTERS,
    ['{' ... '~'] = IN_PRINTABLE,
};

static const unsigned char SETS[VKYC_CHARSET_COUNT] = {
    [VKYC_CHARSET_ID] = IN_DIGITS | IN_LETTERS | IN_JOINS,
    [VKYC_CHARSET_DIGITS] = IN_DIGITS,
    [VKYC_CHARSET_ALPHANUMERIC] = IN_DIGITS | IN_LETTERS,
    [VKYC_CHARSET_PRINTABLE] = IN_PRINTABLE,
};

static int all_in_charset(enum vkyc_charset set, const char *text, size_t size)
{
    unsigned wanted = SETS[set];
    for (size_t i = 0; i < size; i++) {
        if ((CLASSES[(unsigned char)text[i]] & wanted) == 0) {
            return 0;
        }
    }
    return 1;
}

int vkyc_digits_check(const char *text, size_t size)
{
    /* Compared as text: the largest magnitude of each sign has 19 digits. */
    int negative = size > 0 && text[0] == '-';
    const char *digits = text + negative;
    size_t count = size - (size_t)negative;
    if (count == 0 || count > 19 || (digits[0] == '0' && (count > 1 || negative))) {
        return 0;
    }
    for (size_t i = 0; i < count; i++) {
        if (digits[i] < '0' || digits[i] > '9') {
            return 0;
        }
    }
    return count < 19 || memcmp(digits, negative ? "9223372036854775808" : "9223372036854775807", 19) <= 0;
}

static int is_url(const char *text, size_t size)
{
    size_t scheme = 0;
    if (size > 8 && memcmp(text, "https://", 8) == 0) {
        scheme = 8;
    } else if (size > 7 && memcmp(text, "http://", 7) == 0) {
        scheme = 7;
    }
    if (scheme == 0 || text[scheme] == '/') {
        return 0;
    }
    for (size_t i = scheme; i < size; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c <= 32 || c == 127 || c == '"' || c == '<' || c == '>' || c == '\\') {
            return 0;
        }
    }
    return 1;
}

static enum vkyc_rule check_format(const struct vkyc_field *f, const char *text, size_t size)
{
    struct vkyc_timestamp when;
    int good = 1;
    switch (f->type) {
    case VKYC_TYPE_DATE:
        good = vkyc_date_check(text, size);
        break;
    case VKYC_TYPE_DATETIME:
        good = vkyc_timestamp_read(text, size, &when) == VKYC_OK;
        break;
    case VKYC_TYPE_URL:
        good = is_url(text, size);
        break;
    case VKYC_TYPE_INT64:
        good = vkyc_digits_check(text, size);
        break;
    case VKYC_TYPE_PHONE:
        good = size == 10 && all_in_charset(VKYC_CHARSET_DIGITS, text, size);
        break;
    default:
        break;
    }
    return good ? VKYC_RULE_FINE : VKYC_RULE_FORMAT;
}

/* What is left to check of a text of `length` characters. */
static enum vkyc_rule check_characters(const struct vkyc_field *f, const char *text, size_t size, size_t length)
{
    if (f->has_min && (double)length < f->min) {
        return VKYC_RULE_TOO_SHORT;
    }
    if (f->has_max && (double)length > f->max) {
        return VKYC_RULE_TOO_LONG;
    }
    if (f->charset != VKYC_CHARSET_NONE && !all_in_charset(f->charset, text, size)) {
        return VKYC_RULE_CHARSET;
    }
    if (f->value_count > 0) {
        for (size_t i = 0; i < f->value_count; i++) {
            if (f->values[i].size == size && memcmp(f->values[i].text, text, size) == 0) {
                return VKYC_RULE_FINE;
            }
        }
        return VKYC_RULE_VALUE;
    }
    return check_format(f, text, size);
}

enum vkyc_rule vkyc_field_check_ascii(const struct vkyc_field *f, const char *text, size_t size)
{
    return check_characters(f, text, size, size);
}

enum vkyc_rule vkyc_field_check_text(const struct vkyc_field *f, const char *text, size_t size)
{
    if (memchr(text, '\0', size) != NULL) {
        return VKYC_RULE_NUL;
    }
    if (vkyc_utf8_check(text, size) != size) {
        return VKYC_RULE_UTF8;
    }
    return check_characters(f, text, size, f->has_min || f->has_max ? vkyc_utf8_length(text, size) : size);
}

enum vkyc_rule vkyc_field_check_number(const struct vkyc_field *f, double value)
{
    if ((f->has_min && value < f->min) || (f->has_max && value > f->max)) {
        return VKYC_RULE_RANGE;
    }
    return VKYC_RULE_FINE;
}

static const char *what_type(enum vkyc_type type)
{
    switch (type) {
    case VKYC_TYPE_INT:
        return "an integer";
    case VKYC_TYPE_INT64:
        return "an integer, as a string of digits or a number";
    case VKYC_TYPE_NUMBER:
        return "a number";
    case VKYC_TYPE_BOOLEAN:
        return "a boolean";
    case VKYC_TYPE_ARRAY:
        return "an array";
    case VKYC_TYPE_OBJECT:
        return "a table of fields";
    case VKYC_TYPE_ENUM_MODEL:
        return "a string or a table with a name";
    case VKYC_TYPE_ANY:
        return "a value that JSON can hold";
    default:
        return "a string";
    }
}

static const char *what_format(enum vkyc_type type)
{
    switch (type) {
    case VKYC_TYPE_DATE:
        return "must be a date of the calendar, YYYY-MM-DD or DD-MM-YYYY";
    case VKYC_TYPE_DATETIME:
        return "must be a date or a date and time, as 2026-06-03T10:15:30Z";
    case VKYC_TYPE_URL:
        return "must be an http or https URL without white space";
    case VKYC_TYPE_PHONE:
        return "must be exactly 10 digits, without country code";
    case VKYC_TYPE_INT64:
        return "must be an integer of at most 64 bits, in digits";
    default:
        return "must be an integer within +-2^53";
    }
}

static int describe_bounds(const struct vkyc_field *f, char *out, size_t size)
{
    const char *unit = f->type == VKYC_TYPE_ARRAY ? "item" : "character";
    if (f->has_min && f->has_max) {
        return snprintf(out, size, "must have %.0f to %.0f %ss", f->min, f->max, unit);
    }
    double bound = f->has_min ? f->min : f->max;
    return snprintf(out, size, "must have at %s %.0f %s%s", f->has_min ? "least" : "most", bound, unit, bound == 1 ? "" : "s");
}

static int describe_range(const struct vkyc_field *f, char *out, size_t size)
{
    if (f->has_min && f->has_max) {
        return snprintf(out, size, "must be from %.10g to %.10g", f->min, f->max);
    }
    if (f->has_min) {
        return snprintf(out, size, "must be at least %.10g", f->min);
    }
    if (f->has_max) {
        return snprintf(out, size, "must be at most %.10g", f->max);
    }
    return snprintf(out, size, "must be a finite number");
}

static int describe_values(const struct vkyc_field *f, char *out, size_t size)
{
    int used = snprintf(out, size, "must be one of");
    for (size_t i = 0; i < f->value_count && used >= 0 && (size_t)used < size; i++) {
        used += snprintf(out + used, size - (size_t)used, "%s %.*s", i > 0 ? "," : "", (int)f->values[i].size, f->values[i].text);
    }
    return used;
}

int vkyc_rule_describe(enum vkyc_rule rule, const struct vkyc_field *f, char *out, size_t size)
{
    switch (rule) {
    case VKYC_RULE_FINE:
        break;
    case VKYC_RULE_REQUIRED:
        return snprintf(out, size, "is required");
    case VKYC_RULE_TYPE:
        return snprintf(out, size, "must be %s%s", what_type(f->type), f->number_too ? " or a number" : "");
    case VKYC_RULE_TOO_SHORT:
    case VKYC_RULE_TOO_LONG:
        return describe_bounds(f, out, size);
    case VKYC_RULE_CHARSET:
        return snprintf(out, size, "may only have %s", CHARSET_TEXTS[f->charset]);
    case VKYC_RULE_VALUE:
        return describe_values(f, out, size);
    case VKYC_RULE_FORMAT:
        return snprintf(out, size, "%s", what_format(f->type));
    case VKYC_RULE_RANGE:
        return describe_range(f, out, size);
    case VKYC_RULE_SEQUENCE:
        return snprintf(out, size, "must have the values 1 to n of %.*s, each once", (int)f->sequence->name.size, f->sequence->name.text);
    case VKYC_RULE_UTF8:
        return snprintf(out, size, "must be UTF-8");
    case VKYC_RULE_NUL:
        return snprintf(out, size, "must not have a NUL byte");
    case VKYC_RULE_UNKNOWN:
        return snprintf(out, size, "is not a field of this operation");
    case VKYC_RULE_TWICE:
        return snprintf(out, size, "is given twice");
    }
    return snprintf(out, size, "is fine");
}
