#include <stdlib.h>

#include "../../src/core/enum_model.h"
#include "check.h"

static char *block;

/* Reads a copy that ends where its block ends; the slices stay good until the next call. */
static int read_bytes(const char *text, size_t size, struct vkyc_enum_model *out)
{
    free(block);
    block = malloc(size + 1);
    memcpy(block + 1, text, size);
    return vkyc_enum_model_read(block + 1, size, out);
}

static int read(const char *text, struct vkyc_enum_model *out)
{
    return read_bytes(text, strlen(text), out);
}

int main(void)
{
    struct vkyc_enum_model m;

    CHECK(read("EnumModel(name=MIN_KYC_VERIFIED, label=Min Kyc Verified, description=null)", &m));
    CHECK_BYTES(m.name, m.name_size, "MIN_KYC_VERIFIED");
    CHECK_BYTES(m.label, m.label_size, "Min Kyc Verified");
    CHECK(m.description == NULL && m.description_size == 0);

    CHECK(read("EnumModel(name=A, label=B, description=done, and checked)", &m));
    CHECK_BYTES(m.description, m.description_size, "done, and checked");

    /* A label may hold commas, and even the mark of the description. */
    CHECK(read("EnumModel(name=A, label=B, b, description=x, description=null)", &m));
    CHECK_BYTES(m.label, m.label_size, "B, b, description=x");
    CHECK(m.description == NULL);

    CHECK(read("EnumModel(name=A, label=x, label=y, description=z))", &m));
    CHECK_BYTES(m.name, m.name_size, "A");
    CHECK_BYTES(m.label, m.label_size, "x, label=y");
    CHECK_BYTES(m.description, m.description_size, "z)");

    CHECK(read("EnumModel(name=null, label=null, description=null)", &m));
    CHECK(m.name == NULL && m.label == NULL && m.description == NULL);

    /* Only the bare word is null. */
    CHECK(read("EnumModel(name=NULL, label=nullable, description=null )", &m));
    CHECK_BYTES(m.name, m.name_size, "NULL");
    CHECK_BYTES(m.label, m.label_size, "nullable");
    CHECK_BYTES(m.description, m.description_size, "null ");

    CHECK(read("EnumModel(name=, label=, description=)", &m));
    CHECK(m.name != NULL && m.name_size == 0 && m.label != NULL && m.label_size == 0 && m.description != NULL && m.description_size == 0);

    CHECK(read_bytes("EnumModel(name=A\0B, label=C, description=D)", 43, &m));
    CHECK_BYTES(m.name, m.name_size, "A\0B");

    static const char *const OTHER[] = {
        "",
        "VKYC_IN_PROGRESS",
        "EnumModel",
        "EnumModel()",
        "EnumModel(name=",
        "EnumModel(name=)",
        "EnumModel(name=A, label=B)",
        "EnumModel(name=A, description=B, label=C)",
        "EnumModel(name=A, description=B)",
        "EnumModel(label=A, name=B, description=C)",
        "EnumModel(name=A,label=B,description=C)",
        "enumModel(name=A, label=B, description=C)",
        " EnumModel(name=A, label=B, description=C)",
        "EnumModel(name=A, label=B, description=C",
        "EnumModel(name=A, label=B, description=C) ",
        "EnumModel(name=A, label=, description)",
        "EnumModel(name=A, label=a long label without the part behind it)",
    };
    for (size_t i = 0; i < sizeof OTHER / sizeof OTHER[0]; i++) {
        CHECK(!read(OTHER[i], &m));
        CHECK(m.name == NULL && m.label == NULL && m.description == NULL);
    }

    static const char WHOLE[] = "EnumModel(name=A, label=B, description=C)";
    for (size_t size = 0; size < sizeof WHOLE - 1; size++) {
        CHECK(!read_bytes(WHOLE, size, &m));
    }
    free(block);
    return check_done("enum_model_test");
}
