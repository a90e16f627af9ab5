/* What the guide says of devices, tried on a card: claims.sh. Each claim is printed when it holds; one that does not ends
 * the program. */
#include <npurt/npurt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static npurt_device *opened(const char *target)
{
    npurt_device *device;
    if (npurt_device_open(target, NULL, &device) == NPURT_OK) return device;
    fprintf(stderr, "%s: %s\n", target, npurt_error_last()->message);
    exit(EXIT_FAILURE);
}

static void claim(const char *words, int holds)
{
    if (!holds) {
        fprintf(stderr, "not so: %s (%s)\n", words, npurt_error_last()->message);
        exit(EXIT_FAILURE);
    }
    puts(words);
}

static uint64_t in_use(npurt_device *device)
{
    uint64_t bytes = 0;
    claim("the card tells the HBM in use", npurt_device_hbm_in_use(device, &bytes) == NPURT_OK);
    return bytes;
}

/* targets.md, "The emulated card" */
static void handles_of_one_string(void)
{
    npurt_device *first = opened("emu:a5"), *second = opened("emu:a5"), *other = opened("emu:a5?clusters=2");
    const uint64_t elsewhere = in_use(other);
    uint64_t address, before = in_use(second);
    char bytes[16] = "0123456789abcde";
    claim("a handle allocates", npurt_memory_alloc(first, 3 << 20, "claim", &address) == NPURT_OK);
    claim("the same string is one HBM budget", in_use(second) - before == 3 << 20);
    claim("another string is another device", in_use(other) == elsewhere);
    claim("a handle refuses the other's addresses",
          npurt_memory_copy_in(second, address, bytes, sizeof bytes) == NPURT_ERROR_INVALID_ARGUMENT);
    claim("memory is given back", npurt_memory_free(first, address) == NPURT_OK);
    npurt_device_close(first);
    npurt_device_close(second);
    npurt_device_close(other);
    first = opened("emu:a3");
    second = opened("emu:a3:0");
    other = opened("emu:a3:1");
    before = in_use(second);
    const uint64_t second_die = in_use(other);
    claim("die 0 allocates", npurt_memory_alloc(first, 1 << 20, "claim", &address) == NPURT_OK);
    claim("emu:a3 is emu:a3:0", in_use(second) - before == 1 << 20);
    claim("emu:a3:1 has its own HBM", in_use(other) == second_die);
    claim("memory is given back", npurt_memory_free(first, address) == NPURT_OK);
    npurt_device_close(first);
    npurt_device_close(second);
    npurt_device_close(other);
}

/* targets.md, the table of defaults: of a row, `clusters` and `gib` of the machine named. */
static void defaults(const char *machine, uint32_t clusters, uint32_t aicpus, double gib)
{
    char target[16], words[96];
    npurt_device_info info;
    snprintf(target, sizeof target, "emu:%s", machine);
    npurt_device *device = opened(target);
    claim("a device tells what it is", npurt_device_get_info(device, &info) == NPURT_OK);
    snprintf(words, sizeof words, "%s has %u clusters, %u AICPU threads and %.1f GiB", machine, clusters, aicpus, gib);
    claim(words, info.clusters == clusters && info.aicpu_threads == aicpus &&
                     (uint64_t)((double)info.hbm_total / (1 << 30) * 10 + 0.5) == (uint64_t)(gib * 10 + 0.5));
    npurt_device_close(device);
}

int main(int argc, char **argv)
{
    handles_of_one_string();
    for (int i = 1; i + 3 < argc; i += 4)
        defaults(argv[i], (uint32_t)atoi(argv[i + 1]), (uint32_t)atoi(argv[i + 2]), atof(argv[i + 3]));
    return EXIT_SUCCESS;
}
