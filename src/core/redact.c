#include "redact.h"

#include <stdint.h>
#include <string.h>

#include "utf8.h"

/* A text on its way through the shapes, and the next address in it. */
struct scan {
    const char *text;
    size_t size;
    size_t at_next;     /* the next @, or size: behind it no address was looked for yet */
    size_t email_start; /* of the address around it; email_start == email_end when it has none */
    size_t email_end;
};

static int is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static int is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static int is_alnum(char c)
{
    return is_letter(c) || is_digit(c);
}

static int is_word(char c)
{
    return is_alnum(c) || c == '_';
}

static int is_base64url(char c)
{
    return is_word(c) || c == '-';
}

static int is_wide(char c)
{
    return (unsigned char)c >= 128;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

int vkyc_aadhaar_check(const char digits[12])
{
    static const unsigned char product[10][10] = {
        {0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, {1, 2, 3, 4, 0, 6, 7, 8, 9, 5}, {2, 3, 4, 0, 1, 7, 8, 9, 5, 6}, {3, 4, 0, 1, 2, 8, 9, 5, 6, 7},
        {4, 0, 1, 2, 3, 9, 5, 6, 7, 8}, {5, 9, 8, 7, 6, 0, 4, 3, 2, 1}, {6, 5, 9, 8, 7, 1, 0, 4, 3, 2}, {7, 6, 5, 9, 8, 2, 1, 0, 4, 3},
        {8, 7, 6, 5, 9, 3, 2, 1, 0, 4}, {9, 8, 7, 6, 5, 4, 3, 2, 1, 0}};
    static const unsigned char turn[8][10] = {
        {0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, {1, 5, 7, 6, 2, 8, 3, 0, 9, 4}, {5, 8, 0, 3, 7, 9, 6, 1, 4, 2}, {8, 9, 1, 6, 0, 4, 3, 5, 2, 7},
        {9, 4, 5, 3, 1, 2, 6, 8, 7, 0}, {4, 2, 8, 6, 5, 7, 3, 9, 0, 1}, {2, 7, 9, 3, 8, 0, 6, 4, 1, 5}, {7, 0, 4, 6, 9, 1, 3, 2, 5, 8}};
    unsigned sum = 0;
    for (size_t i = 0; i < 12; i++) {
        char digit = digits[11 - i];
        if (!is_digit(digit)) {
            return 0;
        }
        sum = product[sum][turn[i % 8][digit - '0']];
    }
    return sum == 0 && digits[0] >= '2';
}

/* 1 when what lies before or behind `i` belongs to the same run as it. */
static int joined_left(const struct scan *s, size_t i)
{
    return i > 0 && (is_word(s->text[i - 1]) || (s->text[i - 1] == '-' && i > 1 && is_word(s->text[i - 2])));
}

static int joined_right(const struct scan *s, size_t i)
{
    return i < s->size && (is_word(s->text[i]) || (s->text[i] == '-' && i + 1 < s->size && is_word(s->text[i + 1])));
}

/* Copies `groups` groups of `length` digits, with one space or hyphen between all of them or between none. Returns the end, or 0. */
static size_t read_groups(const struct scan *s, size_t i, size_t groups, size_t length, char *digits)
{
    int separated = i + length < s->size && !is_digit(s->text[i + length]);
    for (size_t g = 0; g < groups; g++) {
        if (g > 0 && separated) {
            if (i >= s->size || (s->text[i] != ' ' && s->text[i] != '-')) {
                return 0;
            }
            i++;
        }
        for (size_t n = 0; n < length; n++, i++) {
            if (i >= s->size || !is_digit(s->text[i])) {
                return 0;
            }
            *digits++ = s->text[i];
        }
    }
    return joined_right(s, i) ? 0 : i;
}

static size_t read_aadhaar(const struct scan *s, size_t i)
{
    char digits[12];
    size_t end = read_groups(s, i, 3, 4, digits);
    return end > 0 && vkyc_aadhaar_check(digits) ? end : 0;
}

static size_t read_phone(const struct scan *s, size_t i)
{
    char digits[10];
    size_t end = read_groups(s, i, 2, 5, digits);
    if (end > 0) {
        return digits[0] >= '6' ? end : 0;
    }
    size_t rest = s->size - i;
    if (rest >= 2 && s->text[i] == '9' && s->text[i + 1] == '1') {
        i += 2;
    } else if (s->text[i] == '0') {
        i += 1;
    } else {
        return 0;
    }
    if (i < s->size && (s->text[i] == ' ' || s->text[i] == '-')) {
        i++;
    }
    end = read_groups(s, i, 2, 5, digits);
    return end > 0 && digits[0] >= '6' ? end : 0;
}

static size_t read_pan(const struct scan *s, size_t i)
{
    enum { SIZE = 10 };
    if (s->size - i < SIZE || (i > 0 && is_alnum(s->text[i - 1])) || (i + SIZE < s->size && is_alnum(s->text[i + SIZE]))) {
        return 0;
    }
    for (size_t n = 0; n < SIZE; n++) {
        if (n < 5 || n == 9 ? !is_letter(s->text[i + n]) : !is_digit(s->text[i + n])) {
            return 0;
        }
    }
    return i + SIZE;
}

/* Only the first byte of a run of base64url begins one, so that no byte is looked at more than a few times. */
static size_t read_token(const struct scan *s, size_t i)
{
    if (s->size - i < 3 || memcmp(s->text + i, "eyJ", 3) != 0 || (i > 0 && is_base64url(s->text[i - 1]))) {
        return 0;
    }
    for (int part = 0; part < 2; part++) {
        size_t start = i;
        while (i < s->size && is_base64url(s->text[i])) {
            i++;
        }
        if (i == start || i == s->size || s->text[i] != '.') {
            return 0;
        }
        i++;
    }
    size_t end = i;
    for (; i < s->size && (is_base64url(s->text[i]) || s->text[i] == '.'); i++) {
        end = s->text[i] == '.' ? end : i + 1;
    }
    return end;
}

static int ends_link(char c)
{
    return (unsigned char)c <= ' ' || c == '"' || c == '\'' || c == '`' || c == '<' || c == '>' || c == 127;
}

static size_t read_link(const struct scan *s, size_t i)
{
    static const char http[] = "http";
    size_t rest = s->size - i;
    if (rest < 8) {
        return 0;
    }
    for (size_t n = 0; n < 4; n++) {
        if (lower(s->text[i + n]) != http[n]) {
            return 0;
        }
    }
    i += lower(s->text[i + 4]) == 's' ? 5 : 4;
    if (s->text[i++] != ':') {
        return 0;
    }
    for (int slash = 0; slash < 2; slash++) {
        i += i < s->size && s->text[i] == '\\' ? 1 : 0;
        if (i >= s->size || s->text[i] != '/') {
            return 0;
        }
        i++;
    }
    size_t start = i;
    while (i < s->size && !ends_link(s->text[i])) {
        i++;
    }
    return i > start ? i : 0;
}

static int in_local(char c)
{
    return is_word(c) || is_wide(c) || c == '.' || c == '%' || c == '+' || c == '-' || c == '\'';
}

static int in_domain(char c)
{
    return is_alnum(c) || is_wide(c) || c == '.' || c == '-';
}

/* Finds the next @ at or behind `from`, and the address around it that does not begin before `from`. Local parts and domains hold no @, so
 * that each byte is looked at twice at most. */
static void find_email(struct scan *s, size_t from)
{
    const char *found = from < s->size ? memchr(s->text + from, '@', s->size - from) : NULL;
    s->at_next = found != NULL ? (size_t)(found - s->text) : s->size;
    s->email_start = s->at_next;
    s->email_end = s->at_next;
    if (found == NULL) {
        return;
    }
    size_t start = s->at_next;
    while (start > from && in_local(s->text[start - 1])) {
        start--;
    }
    while (start < s->at_next && (s->text[start] == '.' || s->text[start] == '%' || s->text[start] == '-' || s->text[start] == '\'')) {
        start++;
    }
    size_t first = s->at_next + 1;
    size_t end = first;
    while (end < s->size && in_domain(s->text[end])) {
        end++;
    }
    while (end > first && (s->text[end - 1] == '.' || s->text[end - 1] == '-')) {
        end--;
    }
    if (start < s->at_next && end > first) {
        s->email_start = start;
        s->email_end = end;
    }
}

/* The end of the shape that begins at `i`, and its mark; 0 when none does. */
static size_t read_shape(const struct scan *s, size_t i, const char **mark)
{
    char c = s->text[i];
    size_t end = 0;
    if (c == 'h' || c == 'H') {
        *mark = "[LINK]";
        end = read_link(s, i);
    } else if (c == 'e') {
        *mark = "[TOKEN]";
        end = read_token(s, i);
    }
    if (end == 0 && i == s->email_start && s->email_end > i) {
        *mark = "[EMAIL]";
        end = s->email_end;
    }
    if (end == 0 && is_letter(c)) {
        *mark = "[PAN]";
        end = read_pan(s, i);
    } else if (end == 0 && c == '+' && s->size - i > 3 && s->text[i + 1] == '9' && s->text[i + 2] == '1') {
        *mark = "[PHONE]";
        end = read_phone(s, i + 1);
    } else if (end == 0 && is_digit(c) && !joined_left(s, i)) {
        *mark = "[AADHAAR]";
        end = read_aadhaar(s, i);
        if (end == 0) {
            *mark = "[PHONE]";
            end = read_phone(s, i);
        }
    }
    return end;
}

void vkyc_redact(struct vkyc_buffer *out, const char *text, size_t size)
{
    struct scan s = {text, size, 0, 0, 0};
    size_t copied = 0;
    find_email(&s, 0);
    for (size_t i = 0; i < size;) {
        if (i > s.at_next) {
            find_email(&s, i);
        }
        const char *mark = NULL;
        size_t end = read_shape(&s, i, &mark);
        if (end == 0) {
            i++;
            continue;
        }
        vkyc_buffer_append(out, text + copied, i - copied);
        vkyc_buffer_append_text(out, mark);
        copied = end;
        i = end;
        /* A shape may end inside of the next address; what is left of it is still one. */
        if (end > s.email_start && end <= s.at_next) {
            find_email(&s, end);
        }
    }
    vkyc_buffer_append(out, text + copied, size - copied);
}

/* Marks in `covered` what occurrences of `value` cover (Knuth, Morris, Pratt). border[n] is the longest proper prefix of the value's first
 * n bytes that also ends them. */
static void cover(const char *text, size_t size, const char *value, size_t value_size, size_t *border, char *covered)
{
    border[0] = 0;
    border[1] = 0;
    for (size_t n = 1, k = 0; n < value_size; n++) {
        while (k > 0 && lower(value[n]) != lower(value[k])) {
            k = border[k];
        }
        k += lower(value[n]) == lower(value[k]) ? 1 : 0;
        border[n + 1] = k;
    }
    size_t done = 0; /* covered up to here: overlapping occurrences are not marked twice */
    for (size_t i = 0, k = 0; i < size; i++) {
        while (k > 0 && lower(text[i]) != lower(value[k])) {
            k = border[k];
        }
        k += lower(text[i]) == lower(value[k]) ? 1 : 0;
        if (k == value_size) {
            size_t start = i + 1 - value_size;
            start = start > done ? start : done;
            memset(covered + start, 1, i + 1 - start);
            done = i + 1;
            k = border[k];
        }
    }
}

enum { MIN_VALUE = 3 };

static int searched_for(const struct vkyc_redact_value *value, size_t size)
{
    return value->size >= MIN_VALUE && value->size <= size;
}

void vkyc_redact_values(struct vkyc_buffer *out, const char *text, size_t size, const struct vkyc_redact_value *values, size_t count)
{
    size_t longest = 0;
    for (size_t v = 0; v < count; v++) {
        if (searched_for(&values[v], size) && values[v].size > longest) {
            longest = values[v].size;
        }
    }
    if (longest == 0 || out->status != VKYC_OK) {
        vkyc_buffer_append(out, text, size);
        return;
    }
    /* The borders first, for their alignment; then a byte for each of the text. */
    if (longest >= (SIZE_MAX - size) / sizeof(size_t)) {
        out->status = VKYC_ERR_LIMIT;
        return;
    }
    size_t room = (longest + 1) * sizeof(size_t) + size;
    size_t *border = out->alloc(out->alloc_ud, NULL, 0, room);
    if (border == NULL) {
        out->status = VKYC_ERR_MEMORY;
        return;
    }
    char *covered = (char *)(border + longest + 1);
    memset(covered, 0, size);
    for (size_t v = 0; v < count; v++) {
        if (searched_for(&values[v], size)) {
            cover(text, size, values[v].text, values[v].size, border, covered);
        }
    }
    for (size_t start = 0; start < size;) {
        const char *other = memchr(covered + start, covered[start] ? 0 : 1, size - start);
        size_t end = other != NULL ? (size_t)(other - covered) : size;
        if (covered[start]) {
            vkyc_buffer_append_text(out, "[REDACTED]");
        } else {
            vkyc_buffer_append(out, text + start, end - start);
        }
        start = end;
    }
    out->alloc(out->alloc_ud, border, room, 0);
}

void vkyc_redact_value(struct vkyc_buffer *out, const char *text, size_t size, const char *value, size_t value_size)
{
    struct vkyc_redact_value one = {value, value_size};
    vkyc_redact_values(out, text, size, &one, 1);
}

size_t vkyc_text_cut(const char *text, size_t size, size_t limit)
{
    static const char *const marks[] = {"[AADHAAR]", "[PAN]", "[PHONE]", "[EMAIL]", "[TOKEN]", "[LINK]", "[REDACTED]"};
    size_t end = vkyc_utf8_check(text, size < limit ? size : limit);
    for (size_t m = 0; m < sizeof marks / sizeof marks[0]; m++) {
        size_t length = strlen(marks[m]);
        for (size_t back = 1; back < length && back <= end; back++) {
            size_t start = end - back;
            if (length <= size - start && memcmp(text + start, marks[m], length) == 0) {
                return start;
            }
        }
    }
    return end;
}

void vkyc_text_flatten(char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c < 32 || c == 127) {
            text[i] = ' ';
        } else if (c == 0xc2 && i + 1 < size && (unsigned char)text[i + 1] >= 0x80 && (unsigned char)text[i + 1] < 0xa0) {
            text[i] = ' ';
            text[i + 1] = ' ';
        }
    }
}
