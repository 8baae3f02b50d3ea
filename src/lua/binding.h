/* What the files of the binding share: the userdata that cross between them, and how each adds itself to the module. */
#ifndef LVKYC_BINDING_H
#define LVKYC_BINDING_H

#include "compat.h"

#include "../core/message.h"
#include "../core/schema.h"
#include "../core/secret.h"

/* Names of metatables; the same in vkyc.core and vkyc.curl, so that a userdata of one is understood by the other. */
#define LVKYC_SECRET   "vkyc.Secret"
#define LVKYC_SCHEMA   "vkyc.Schema"
#define LVKYC_REQUEST  "vkyc.Request"
#define LVKYC_RESPONSE "vkyc.Response"
#define LVKYC_ARRAY    "vkyc.Array" /* of a table that is an array though it may be empty */

/* Each adds its functions to the module table at the top of the stack. */
void lvkyc_open_secret(lua_State *L);
void lvkyc_open_schema(lua_State *L);
void lvkyc_open_values(lua_State *L);
void lvkyc_open_request(lua_State *L);
void lvkyc_open_response(lua_State *L);
void lvkyc_open_http(lua_State *L);
void lvkyc_open_webhook(lua_State *L);
void lvkyc_open_verifier(lua_State *L);
void lvkyc_open_option(lua_State *L);
void lvkyc_open_sign(lua_State *L);
void lvkyc_open_text(lua_State *L);
void lvkyc_open_answer(lua_State *L);
void lvkyc_open_clock(lua_State *L);

/* What a check of ca_file.h says of a file, NULL for nothing; `nothing`: that it holds none of what it should. */
const char *lvkyc_file_fault(enum vkyc_status status, const char *nothing);

/* Pushes nil and { kind =, phase =, reason =, sent = }; returns 2. */
int lvkyc_push_failure(lua_State *L, const struct vkyc_failure *failure);

/* The bytes of a string or of a secret at `index`; NULL when it is neither, or a closed secret. Borrowed. */
const char *lvkyc_tobytes(lua_State *L, int index, size_t *size);

/* Pushes the text as an error may hold it: see core.scrub. `values`: 0, or the index of an array of what it must not show. */
void lvkyc_push_scrubbed(lua_State *L, const char *text, size_t size, int values, size_t limit);

#endif
