/* Scalars of a request: strings, numbers and booleans, checked and written. */
#include <string.h>

#include "../core/json_write.h"
#include "../core/url.h"
#include "encode.h"

int lvkyc_is_text_type(enum vkyc_type type)
{
    switch (type) {
    case VKYC_TYPE_STRING:
    case VKYC_TYPE_ID:
    case VKYC_TYPE_DATE:
    case VKYC_TYPE_DATETIME:
    case VKYC_TYPE_URL:
    case VKYC_TYPE_PHONE:
    case VKYC_TYPE_ENUM:
        return 1;
    default:
        return 0;
    }
}

void lvkyc_put_text(struct lvkyc_encoder *e, enum lvkyc_form form, const struct lvkyc_place *place, const char *text, size_t size)
{
    enum vkyc_status status = form == LVKYC_JSON ? vkyc_json_write_string(e->out, text, size) : vkyc_url_append_value(e->out, text, size);
    if (status == VKYC_ERR_UTF8) {
        lvkyc_violation(e, place, VKYC_RULE_UTF8, "must be UTF-8");
    } else if (status == VKYC_ERR_NUL) {
        lvkyc_violation(e, place, VKYC_RULE_NUL, "must not have a NUL byte");
    }
    /* Any other failure stays in the buffer's status, which the caller of the walk looks at. */
}

static void put_double(struct lvkyc_encoder *e, const struct lvkyc_place *place, double value)
{
    if (vkyc_json_write_double(e->out, value) == VKYC_ERR_RANGE) {
        lvkyc_violation(e, place, VKYC_RULE_RANGE, "must be a finite number");
    }
}

void lvkyc_put_number(struct lvkyc_encoder *e, int index, enum lvkyc_form form, const struct lvkyc_place *place)
{
    long long integer;
    struct vkyc_buffer *b = e->out;
    size_t start = b->size;
    if (lvkyc_isinteger(e->L, index, &integer)) {
        vkyc_json_write_int64(b, integer);
    } else {
        put_double(e, place, lua_tonumber(e->L, index));
    }
    /* 1e+22 is 1e22, and a plus in a query would be read as a space. */
    char *plus = form == LVKYC_QUERY && b->size > start ? memchr(b->data + start, '+', b->size - start) : NULL;
    if (plus != NULL) {
        b->size--;
        memmove(plus, plus + 1, (size_t)(b->data + b->size - plus));
    }
}

/* Any scalar in a query. Returns 0 for what cannot stand there. */
int lvkyc_put_in_query(struct lvkyc_encoder *e, int index, const struct lvkyc_place *place)
{
    size_t size;
    const char *text;
    switch (lua_type(e->L, index)) {
    case LUA_TSTRING:
        text = lua_tolstring(e->L, index, &size);
        lvkyc_put_text(e, LVKYC_QUERY, place, text, size);
        return 1;
    case LUA_TNUMBER:
        lvkyc_put_number(e, index, LVKYC_QUERY, place);
        return 1;
    case LUA_TBOOLEAN:
        vkyc_buffer_append_text(e->out, lua_toboolean(e->L, index) ? "true" : "false");
        return 1;
    default:
        return 0;
    }
}

void lvkyc_put_scalar(struct lvkyc_encoder *e, int index, const struct vkyc_field *f, enum lvkyc_form form, const struct lvkyc_place *place)
{
    lua_State *L = e->L;
    int type = lua_type(L, index);
    enum vkyc_rule rule = VKYC_RULE_FINE;
    long long integer;
    size_t size;
    if (type == LUA_TSTRING && lvkyc_is_text_type(f->type)) {
        const char *text = lua_tolstring(L, index, &size);
        int plain = form == LVKYC_JSON && vkyc_json_is_plain(text, size);
        rule = plain ? vkyc_field_check_ascii(f, text, size) : vkyc_field_check_text(f, text, size);
        if (rule == VKYC_RULE_FINE && plain) {
            vkyc_json_write_plain(e->out, text, size);
        } else if (rule == VKYC_RULE_FINE) {
            lvkyc_put_text(e, form, place, text, size);
        }
    } else if (type == LUA_TNUMBER && (f->type == VKYC_TYPE_NUMBER || f->number_too)) {
        rule = vkyc_field_check_number(f, f->type == VKYC_TYPE_NUMBER ? lua_tonumber(L, index) : 0);
        if (f->number_too || rule == VKYC_RULE_FINE) {
            rule = VKYC_RULE_FINE;
            lvkyc_put_number(e, index, form, place);
        }
    } else if (type == LUA_TNUMBER && f->type == VKYC_TYPE_INT) {
        if (!lvkyc_isinteger(L, index, &integer) || integer >= 9007199254740992LL || integer <= -9007199254740992LL) {
            rule = VKYC_RULE_FORMAT;
        } else {
            rule = vkyc_field_check_number(f, (double)integer);
            vkyc_json_write_int64(e->out, integer);
        }
    } else if (f->type == VKYC_TYPE_INT64 && type == LUA_TSTRING) {
        const char *text = lua_tolstring(L, index, &size);
        rule = vkyc_digits_check(text, size) ? VKYC_RULE_FINE : VKYC_RULE_FORMAT;
        vkyc_buffer_append(e->out, text, size);
    } else if (f->type == VKYC_TYPE_INT64 && type == LUA_TNUMBER) {
        rule = lvkyc_isinteger(L, index, &integer) ? VKYC_RULE_FINE : VKYC_RULE_FORMAT;
        if (rule == VKYC_RULE_FINE) {
            vkyc_json_write_int64(e->out, integer);
        }
    } else if (f->type == VKYC_TYPE_BOOLEAN && type == LUA_TBOOLEAN) {
        vkyc_buffer_append_text(e->out, lua_toboolean(L, index) ? "true" : "false");
    } else if (f->type == VKYC_TYPE_ENUM_MODEL && type == LUA_TSTRING) {
        const char *text = lua_tolstring(L, index, &size);
        rule = vkyc_field_check_text(f, text, size);
        if (rule == VKYC_RULE_FINE) {
            lvkyc_put_text(e, form, place, text, size);
        }
    } else if (f->type != VKYC_TYPE_ANY || !lvkyc_put_in_query(e, index, place)) {
        rule = VKYC_RULE_TYPE;
    }
    if (rule != VKYC_RULE_FINE) {
        lvkyc_broken(e, place, rule, f);
    }
}
