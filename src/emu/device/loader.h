/* Loading shared objects from bytes and from the card's file system. Any thread.
 *
 * Each load goes through a memfd of its own, so it works when the card's root is on a noexec mount, and a file replaced
 * since is a new library: the dynamic loader tells libraries by path, and a path in use is never given twice, because the
 * memfd stays open as long as the library does. */
#ifndef NPUEMU_LOADER_H
#define NPUEMU_LOADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* RTLD_NOW, local. NULL with a sentence in `problem`. */
void *loader_open_bytes(const char *name, const void *bytes, size_t size, char *problem, size_t problem_size);

/* A file as code on the card names it. The same file again, unchanged, gives the same handle. `global`: its symbols can
 * be found by later libraries, as with the vendor's loader. errno is ENOENT when there is no such file. */
void *loader_open_card_file(const char *path, bool global, char *problem, size_t problem_size);
/* What the device program's own dlopen of a card file does. */
void *loader_dlopen_card_file(const char *path, int mode);

void *loader_symbol(void *handle, const char *name);
/* As dlclose, of any library; a card file's memfd goes with its last reference. */
int loader_close(void *handle);

/* The C library's dlopen, which redirect.c stands before. */
void *loader_real_dlopen(const char *path, int mode);

/* True when `pc` is in a library loaded here, that is, in device code. Safe in a signal handler. */
bool loader_is_device_code(uintptr_t pc);

#endif
