/* What curl.c and curl_loop.c share. */
#ifndef LVKYC_CURL_BINDING_H
#define LVKYC_CURL_BINDING_H

#include "../curl/identity.h"
#include "binding.h"

/* Reads ca_file, crl_file, client_cert, client_key, proxy and allow_http of the table at `index`. Raises; the identity owns each text as
 * soon as it is copied. */
void lvkyc_curl_identity(lua_State *L, int index, struct vkyc_curl_identity *id);

/* A number of seconds at `index`, in milliseconds: 0 to a day. */
long lvkyc_curl_milliseconds(lua_State *L, int index);

/* The request or response at `index`. Raises. */
void *lvkyc_curl_message(lua_State *L, int index, const char *name);

/* Adds curl.engine to the module table at the top of the stack. */
void lvkyc_open_curl_loop(lua_State *L);

#endif
