/* JSON descriptors of CPU-kernel binaries: what is read, written as JSON, is read as the same; a refusal names the line
 * or the member. */
#include "fuzz.h"

#include <jansson.h>

#include "driver/cann.h"
#include "emu/lib/descriptor.h"

const char *aclGetRecentErrMsg(void);

static const char *library_of(uint32_t kernel_type)
{
    switch (kernel_type) {
    case RT_KERNEL_TYPE_AICPU:
        return "AICPUKernel";
    case RT_KERNEL_TYPE_AICPU_CUSTOM:
        return "CUSTAICPUKernel";
    case RT_KERNEL_TYPE_FWK:
        return "TFKernel";
    case RT_KERNEL_TYPE_AICPU_KFC:
        return "KFCKernel";
    case RT_KERNEL_TYPE_CUSTOM_KFC:
        return "CUSTKFCKernel";
    default:
        FUZZ_CHECK(kernel_type == RT_KERNEL_TYPE_RESERVED, "kernel type %u", kernel_type);
        return "";
    }
}

static char *write_out(const struct descriptor *d)
{
    json_t *root = json_object();

    for (uint32_t i = 0; i < d->count; i++) {
        const struct descriptor_entry *e = &d->entry[i];
        json_t *info = json_object(), *member = json_object();
        json_object_set_new(info, "functionName", json_string(e->function.symbol));
        json_object_set_new(info, "kernelSo", json_string(e->function.so));
        json_object_set_new(info, "opKernelLib", json_string(library_of(e->kernel_type)));
        json_object_set_new(member, "opInfo", info);
        FUZZ_CHECK(json_object_set_new(root, e->key, member) == 0, "the key %s is no text", e->key);
    }
    FUZZ_CHECK(json_object_size(root) == d->count, "%u entries, of which %zu have a key of their own", d->count,
               json_object_size(root));
    char *text = json_dumps(root, JSON_COMPACT);
    json_decref(root);
    if (!text) abort();
    return text;
}

static void check_read(const struct descriptor *d)
{
    struct descriptor again;
    char *text = write_out(d);

    FUZZ_CHECK(d->count >= 1, "nothing in it");
    FUZZ_CHECK(descriptor_parse(text, strlen(text), "again", &again) == 0, "%s: %s", text, aclGetRecentErrMsg());
    FUZZ_CHECK(again.count == d->count, "%u entries, then %u", d->count, again.count);
    for (uint32_t i = 0; i < d->count; i++) {
        const struct descriptor_entry *a = &d->entry[i], *b = &again.entry[i];
        FUZZ_CHECK(strcmp(a->key, b->key) == 0 && strcmp(a->function.symbol, b->function.symbol) == 0 &&
                       strcmp(a->function.so, b->function.so) == 0 && a->kernel_type == b->kernel_type,
                   "entry %u, \"%s\", is \"%s\" afterwards", i, a->key, b->key);
    }
    descriptor_release(&again);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input in = {data, size};
    struct descriptor d;
    size_t length;
    char *text = fuzz_block(&in, size, &length);
    const int32_t code = descriptor_parse(text, length, "file.json", &d);

    fuzz_verdict(code == 0);
    if (code == 0) {
        check_read(&d);
    } else {
        const char *message = aclGetRecentErrMsg();
        int line = 0, lines = 1, none = 0;
        FUZZ_CHECK(code == ACL_ERROR_RT_PARAM_INVALID && !d.entry && !d.count, "code %d, %u entries", code, d.count);
        fuzz_sentence(message, 1024);
        FUZZ_CHECK(strncmp(message, "file.json", 9) == 0, "%s does not name the file", message);
        for (size_t i = 0; i < length; i++)
            lines += text[i] == '\n';
        if (sscanf(message, "file.json, line %d%n", &line, &none) == 1)
            FUZZ_CHECK(line >= 0 && line <= lines, "line %d of %d", line, lines);
        else
            FUZZ_CHECK(strchr(message, '"') || strstr(message, "no JSON object with members"),
                       "%s names neither line nor member", message);
    }
    descriptor_release(&d);
    free(text);
    return 0;
}
