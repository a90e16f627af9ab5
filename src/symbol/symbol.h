/* Where in a program an address of code is, for people: function, source file and line.
 *
 * For the moment at which a program has failed, and for no other: symbol_find runs addr2line (binutils) on the file that the
 * address was loaded from and waits for it, a few milliseconds. A program of its own reads debug information of any kind,
 * damaged or hostile, and takes no lock that the failed code may hold. Without addr2line, or without symbols, the answer is
 * the object and the offset in it. */
#ifndef SYMBOL_SYMBOL_H
#define SYMBOL_SYMBOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct symbol_place {
    char object[64];    /* name of the shared object's file; "": the address is in none */
    uint64_t offset;    /* in it, as its symbol table counts; the address itself when it is in no object */
    char function[64];  /* "": not known */
    char file[64];      /* without its folders; "": not known */
    uint32_t line;      /* 0: not known */
};

/* `called`: pc is a return address, and its call is meant. Not in a signal handler. */
void symbol_find(uint64_t pc, bool called, struct symbol_place *place);

/* "scale() at scale.c:12", "scale()", or "offset 0x1139", and with `object` " of libscale.so" behind. Returns text. */
const char *symbol_text(const struct symbol_place *place, bool object, char *text, size_t size);

/* The innermost return address on a stack, from `sp` upwards, for which `wanted` is true; 0: none in SYMBOL_DEPTH bytes.
 * Memory that can not be read ends the search. It finds values, not frames: an old one may be among them. Safe in a
 * signal handler when `wanted` is. */
enum { SYMBOL_DEPTH = 64 << 10 };
uint64_t symbol_caller(uint64_t sp, bool (*wanted)(const void *context, uint64_t pc), const void *context);

#endif
