#include "shared_card.h"
#include "files/own.h"
#include "folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define DEFAULT_BASE "npuemu-cards-"
#define CARD_PREFIX  "card-"

enum { TABLE_MAGIC = 0x4452434e, TABLE_VERSION = 1 };

/* Bytes of the file as locks. A member's place is locked by its member alone, for life; the others are held for a few
 * system calls. Under MEMBERS any other may be taken, under a BUDGET none. */
enum lock { LOCK_MEMBERS = 0, LOCK_BUDGET = 1, LOCK_PLACE = 16 };
_Static_assert(LOCK_BUDGET + SHARED_CARD_DIES <= LOCK_PLACE, "one lock per die");

/* Writer: the holder of the place's lock; the first time it writes under the locks of the budgets. */
struct member {
    _Alignas(64) _Atomic uint64_t taken[SHARED_CARD_DIES];
    _Atomic int32_t pid; /* for messages */
};

/* Writer of the head: a process that has found no living member, under LOCK_MEMBERS. */
struct shared_card_table {
    uint32_t magic, version;
    uint64_t hbm;
    char key[SHARED_CARD_KEY];
    _Atomic uint32_t places; /* no place from here on was ever taken; grows under the locks of the budgets */
    struct member member[SHARED_CARD_MEMBERS];
};

/* ---- locks ------------------------------------------------------------------------------------------------------ */

static bool lock_operate(int fd, int command, struct flock *lock)
{
    while (fcntl(fd, command, lock))
        if (errno != EINTR) return false;
    return true;
}

static struct flock lock_of(short type, uint32_t first, uint32_t count)
{
    return (struct flock){.l_type = type, .l_whence = SEEK_SET, .l_start = first, .l_len = count};
}

static bool lock_take(int fd, uint32_t which)
{
    struct flock lock = lock_of(F_WRLCK, which, 1);

    return lock_operate(fd, F_OFD_SETLKW, &lock);
}

static bool lock_try(int fd, uint32_t which)
{
    struct flock lock = lock_of(F_WRLCK, which, 1);

    return lock_operate(fd, F_OFD_SETLK, &lock);
}

static void lock_drop(int fd, uint32_t which)
{
    struct flock lock = lock_of(F_UNLCK, which, 1);

    lock_operate(fd, F_OFD_SETLK, &lock);
}

/* A place of [first, first + count) that is held through another open file; SHARED_CARD_MEMBERS: none is. */
static uint32_t member_alive(int fd, uint32_t first, uint32_t count)
{
    struct flock lock = lock_of(F_WRLCK, LOCK_PLACE + first, count);

    if (!lock_operate(fd, F_OFD_GETLK, &lock)) return first; /* not known to be dead */
    return lock.l_type == F_UNLCK ? SHARED_CARD_MEMBERS : (uint32_t)lock.l_start - LOCK_PLACE;
}

static bool any_alive(int fd)
{
    return member_alive(fd, 0, SHARED_CARD_MEMBERS) < SHARED_CARD_MEMBERS;
}

/* ---- the folder ------------------------------------------------------------------------------------------------- */

__attribute__((format(printf, 3, 4))) static bool fail(char *problem, size_t size, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(problem, size, format, args);
    va_end(args);
    return false;
}

/* Opens the folder of the cards, made when it is not there; -1 with the reason in `problem`. All processes of a user must
 * come to the same one, so its name can be foreseen: another user may take it, which is a refusal, and no more. */
static int base_open(char *path, size_t size, char *problem, size_t problem_size)
{
    static const char *const place[] = {"/dev/shm", "/tmp"};
    const char *named = secure_getenv("NPUEMU_CARDS");
    char why[64];

    for (size_t i = 0; i < (named ? 1 : sizeof place / sizeof place[0]); i++) {
        int n = named ? snprintf(path, size, "%s", named)
                      : snprintf(path, size, "%s/" DEFAULT_BASE "%u", place[i], (unsigned)geteuid());
        if (path[0] != '/' || (size_t)n >= size) {
            if (path[0] != '/')
                fail(problem, problem_size, "NPUEMU_CARDS=%s is no absolute path", path);
            else
                fail(problem, problem_size, "NPUEMU_CARDS is longer than %zu bytes", size - 1);
            return -1;
        }
        const int base = own_make(AT_FDCWD, path);
        if (base >= 0) return base;
        if (errno == EPERM) {
            own_problem(path, why, sizeof why);
            fail(problem, problem_size, "%s is not a folder that this user alone can write to: it %s%s", path, why,
                 named ? "" : "; NPUEMU_CARDS names another");
            return -1;
        }
        fail(problem, problem_size, "%s can not be made: %s", path, strerror(errno));
    }
    return -1;
}

/* Opens a file of a card, which must be this user's and regular. */
static int table_file(int folder, int flags)
{
    const int fd = openat(folder, "table", O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | flags, 0600);
    struct stat st;

    if (fd < 0 || (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_uid == geteuid())) return fd;
    close(fd);
    errno = EPERM;
    return -1;
}

/* Under LOCK_MEMBERS, with no member alive. The table goes last: until then the next one can finish this. */
static void remove_card(const char *path)
{
    const char *name = strrchr(path, '/') + 1;
    char base_path[PATH_MAX];
    int base, folder;

    snprintf(base_path, sizeof base_path, "%.*s", (int)(name - 1 - path), path);
    base = own_open(AT_FDCWD, base_path);
    folder = base < 0 ? -1 : own_open(base, name);
    if (folder >= 0) {
        own_remove(folder, "root");
        unlinkat(folder, "table", 0);
        unlinkat(base, name, AT_REMOVEDIR);
        close(folder);
    }
    if (base >= 0) close(base);
    if (strstr(base_path, "/" DEFAULT_BASE)) rmdir(base_path); /* a folder that the user named is the user's */
}

/* Removes the card NAME of `base`, at `path`, if it has no member left. `patience`: tries, 10 ms apart, for the lock of
 * its members. */
static void tidy(int base, const char *name, const char *path, int patience)
{
    const struct timespec pause = {.tv_nsec = 10000000};
    const int folder = own_open(base, name);
    struct stat st;
    bool locked;
    int fd;

    if (folder < 0) return;
    fd = table_file(folder, 0);
    if (fd < 0 && errno == ENOENT) unlinkat(base, name, AT_REMOVEDIR); /* of a process that ended while it made it */
    close(folder);
    if (fd < 0) return;
    while (!(locked = lock_try(fd, LOCK_MEMBERS)) && --patience > 0)
        nanosleep(&pause, NULL);
    if (locked && fstat(fd, &st) == 0 && st.st_nlink > 0 && !any_alive(fd)) remove_card(path);
    close(fd);
}

void shared_card_tidy(const char *root)
{
    const char *slash = strrchr(root, '/');
    char path[PATH_MAX], base_path[PATH_MAX], *name;
    int base;

    if (!slash) return;
    snprintf(path, sizeof path, "%.*s", (int)(slash - root), root);
    name = strrchr(path, '/');
    if (!name) return;
    snprintf(base_path, sizeof base_path, "%.*s", (int)(name - path), path);
    base = own_open(AT_FDCWD, base_path);
    if (base < 0) return;
    tidy(base, name + 1, path, 200);
    close(base);
}

static void tidy_others(int base, const char *base_path, const char *own)
{
    const int again = openat(base, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = again < 0 ? NULL : fdopendir(again);
    struct dirent *entry;
    char path[PATH_MAX];

    if (!dir && again >= 0) close(again);
    while (dir && (entry = readdir(dir))) {
        if (strncmp(entry->d_name, CARD_PREFIX, sizeof CARD_PREFIX - 1) != 0 || strcmp(entry->d_name, own) == 0)
            continue;
        snprintf(path, sizeof path, "%s/%s", base_path, entry->d_name);
        tidy(base, entry->d_name, path, 1);
    }
    if (dir) closedir(dir);
}

/* ---- joining ---------------------------------------------------------------------------------------------------- */

/* Opens the card's folder, *folder, and its table, both made when they are not there, and locks its members. The one who
 * removes a card does so under that lock: a table found without a name is gone, and the next try makes a new one. */
static bool table_open(struct shared_card *card, const char *base_path, int *folder)
{
    const char *name = strrchr(card->path, '/') + 1;
    struct stat st;

    for (int i = 0; i < 100; i++) {
        const int base = own_make(AT_FDCWD, base_path);
        *folder = base < 0 ? -1 : own_make(base, name);
        if (base >= 0) close(base);
        if (*folder >= 0) card->fd = table_file(*folder, O_CREAT);
        if (card->fd >= 0) {
            if (!lock_take(card->fd, LOCK_MEMBERS) || fstat(card->fd, &st)) return false;
            if (st.st_nlink > 0) return true;
            close(card->fd);
            card->fd = -1;
        } else if (errno != ENOENT) {
            return false;
        }
        if (*folder >= 0) close(*folder);
        *folder = -1;
    }
    errno = EAGAIN;
    return false;
}

/* Allocated now: a full file system is an error here, not a signal later. */
static bool table_map(struct shared_card *card)
{
    const off_t size = sizeof *card->table;
    int error = posix_fallocate(card->fd, 0, size);
    void *at;

    if (error) {
        errno = error;
        return false;
    }
    at = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_SHARED, card->fd, 0);
    if (at == MAP_FAILED) return false;
    card->table = at;
    return true;
}

/* No member is alive: whatever is there was left by processes that were killed. */
static void table_begin(struct shared_card *card, int folder, const char *key, uint64_t hbm)
{
    struct shared_card_table *table = card->table;

    own_remove(folder, "root");
    memset(table, 0, sizeof *table);
    table->magic = TABLE_MAGIC;
    table->version = TABLE_VERSION;
    table->hbm = hbm;
    snprintf(table->key, sizeof table->key, "%s", key);
}

/* Under the locks of the budgets, so that nobody counts what a dead member has left there as this one's. */
static bool take_place(struct shared_card *card)
{
    struct member *member = card->table->member;
    bool taken = false;

    for (uint32_t die = 0; die < SHARED_CARD_DIES; die++)
        if (!lock_take(card->fd, LOCK_BUDGET + die)) return false;
    for (uint32_t i = 0; i < SHARED_CARD_MEMBERS && !taken; i++) {
        if (!lock_try(card->fd, LOCK_PLACE + i)) continue;
        for (uint32_t die = 0; die < SHARED_CARD_DIES; die++)
            atomic_store_explicit(&member[i].taken[die], 0, memory_order_relaxed);
        atomic_store_explicit(&member[i].pid, (int32_t)getpid(), memory_order_relaxed);
        if (i >= atomic_load_explicit(&card->table->places, memory_order_relaxed))
            atomic_store_explicit(&card->table->places, i + 1, memory_order_relaxed);
        card->place = i;
        taken = true;
    }
    for (uint32_t die = 0; die < SHARED_CARD_DIES; die++)
        lock_drop(card->fd, LOCK_BUDGET + die);
    return taken;
}

/* Under LOCK_MEMBERS. */
static bool enter(struct shared_card *card, int folder, const char *name, const char *key, uint64_t hbm, char *problem,
                  size_t size)
{
    const uint32_t other = member_alive(card->fd, 0, SHARED_CARD_MEMBERS);
    const struct shared_card_table *table = card->table;

    if (other == SHARED_CARD_MEMBERS) {
        table_begin(card, folder, key, hbm);
    } else if (table->magic != TABLE_MAGIC || table->version != TABLE_VERSION) {
        return fail(problem, size, "card=%s is in use by another version of libnpuemu", name);
    } else if (strcmp(table->key, key) != 0) {
        return fail(problem, size, "card=%s is \"%s\" to process %d, which has it, and can not be \"%s\" as well", name,
                    table->key, (int)atomic_load_explicit(&table->member[other].pid, memory_order_relaxed), key);
    }
    card->root = own_make(folder, "root");
    if (card->root < 0 || !folder_fill_root(card->root))
        return fail(problem, size, "%s/root can not be made: %s", card->path, strerror(errno));
    if (!take_place(card))
        return fail(problem, size, "card=%s has %d processes already, the most there can be", name,
                    SHARED_CARD_MEMBERS);
    return true;
}

bool shared_card_join(struct shared_card *card, const char *name, const char *key, uint64_t hbm, char *problem,
                      size_t problem_size)
{
    char base[sizeof card->path - sizeof CARD_PREFIX - SHARED_CARD_NAME];
    bool opened, joined = false;
    int at, folder = -1;

    *card = (struct shared_card){.fd = -1, .root = -1};
    at = base_open(base, sizeof base, problem, problem_size);
    if (at < 0) return false;
    snprintf(card->path, sizeof card->path, "%s/" CARD_PREFIX "%.*s", base, SHARED_CARD_NAME - 1, name);
    tidy_others(at, base, strrchr(card->path, '/') + 1);
    close(at);
    opened = table_open(card, base, &folder);
    if (!opened || !table_map(card))
        fail(problem, problem_size, "card=%s: %s/table: %s", name, card->path, strerror(errno));
    else
        joined = enter(card, folder, name, key, hbm, problem, problem_size);
    if (folder >= 0) close(folder);
    if (joined) {
        lock_drop(card->fd, LOCK_MEMBERS);
        return true;
    }
    if (opened && !any_alive(card->fd)) remove_card(card->path);
    shared_card_forget(card);
    return false;
}

/* The file stays open: threads that the exit of the process has overtaken may still charge and refund. */
void shared_card_leave(struct shared_card *card)
{
    if (!card->table || !lock_take(card->fd, LOCK_MEMBERS)) return;
    for (uint32_t die = 0; die < SHARED_CARD_DIES; die++)
        atomic_store_explicit(&card->table->member[card->place].taken[die], 0, memory_order_relaxed);
    if (!any_alive(card->fd)) remove_card(card->path);
    lock_drop(card->fd, LOCK_PLACE + card->place);
    lock_drop(card->fd, LOCK_MEMBERS);
}

/* The mapping holds the open file too, and with it the lock. */
void shared_card_forget(struct shared_card *card)
{
    if (card->table) munmap(card->table, sizeof *card->table);
    if (card->fd >= 0) close(card->fd);
    if (card->root >= 0) close(card->root);
    *card = (struct shared_card){.fd = -1, .root = -1};
}

/* ---- the budget ------------------------------------------------------------------------------------------------- */

/* The dead still count. */
static uint64_t sum(const struct shared_card *card, uint32_t die)
{
    const uint32_t places = atomic_load_explicit(&card->table->places, memory_order_relaxed);
    uint64_t bytes = 0;

    for (uint32_t i = 0; i < places; i++)
        bytes += atomic_load_explicit(&card->table->member[i].taken[die], memory_order_relaxed);
    return bytes;
}

static uint64_t sum_of_living(const struct shared_card *card, uint32_t die)
{
    const uint32_t places = atomic_load_explicit(&card->table->places, memory_order_relaxed);
    uint64_t bytes = 0;

    for (uint32_t i = 0; i < places; i++) {
        uint64_t taken = atomic_load_explicit(&card->table->member[i].taken[die], memory_order_relaxed);
        if (taken && (i == card->place || member_alive(card->fd, i, 1) == i)) bytes += taken;
    }
    return bytes;
}

bool shared_card_charge(struct shared_card *card, uint32_t die, uint64_t bytes)
{
    _Atomic uint64_t *taken = &card->table->member[card->place].taken[die];
    const uint64_t hbm = card->table->hbm;
    uint64_t total;
    bool fits;

    if (!lock_take(card->fd, LOCK_BUDGET + die)) return false;
    total = sum(card, die);
    if (total > hbm || bytes > hbm - total) total = sum_of_living(card, die);
    fits = total <= hbm && bytes <= hbm - total;
    if (fits)
        atomic_store_explicit(taken, atomic_load_explicit(taken, memory_order_relaxed) + bytes, memory_order_relaxed);
    lock_drop(card->fd, LOCK_BUDGET + die);
    return fits;
}

void shared_card_refund(struct shared_card *card, uint32_t die, uint64_t bytes)
{
    _Atomic uint64_t *taken = &card->table->member[card->place].taken[die];

    atomic_store_explicit(taken, atomic_load_explicit(taken, memory_order_relaxed) - bytes, memory_order_relaxed);
}

uint64_t shared_card_taken(const struct shared_card *card, uint32_t die)
{
    uint64_t bytes;

    if (!lock_take(card->fd, LOCK_BUDGET + die)) return sum(card, die);
    bytes = sum_of_living(card, die);
    lock_drop(card->fd, LOCK_BUDGET + die);
    return bytes;
}
