/* What a function of the core returns when it can fail. 0 is success; negative is failure. */
#ifndef VKYC_STATUS_H
#define VKYC_STATUS_H

enum vkyc_status {
    VKYC_OK = 0,
    VKYC_ERR_MEMORY = -1,  /* the allocator returned NULL */
    VKYC_ERR_LIMIT = -2,   /* a limit of limits.h, or the caller's, was reached */
    VKYC_ERR_UTF8 = -3,    /* text is not UTF-8 */
    VKYC_ERR_SYNTAX = -4,  /* input is not of the format */
    VKYC_ERR_NUL = -5,     /* a NUL byte where none may be */
    VKYC_ERR_CONTROL = -6, /* CR, LF or another control character where none may be */
    VKYC_ERR_RANGE = -7,   /* a number outside of its range */
    VKYC_ERR_CRYPTO = -8,  /* libcrypto refused; details are never passed on */
    VKYC_ERR_SYSTEM = -9   /* the operating system refused; errno tells */
};

#if defined(__GNUC__)
#define VKYC_CHECK_RESULT __attribute__((warn_unused_result))
#else
#define VKYC_CHECK_RESULT
#endif

#endif
