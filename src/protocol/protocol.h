/* What host, AICPU and AICore programs share at run time. Fixed-width fields only, every size and offset asserted.
 *
 * Life of a run: the host fills a run_control in device memory, launches the AICore program (argument: the run_control's
 * address), then the AICPU program's exec entry once per AICPU thread. Each core announces itself in its core_hello
 * line; the AICPU thread that owns it answers in the core_welcome line and by writing IDLE to DATA_MAIN_BASE. From then
 * on a task travels as: dispatch_payload filled by the AICPU, its number stored in DATA_MAIN_BASE, COND = ACK|number by
 * the core, the kernel, COND = FIN|number. A number with DMB_GATED waits at a gate before it is acknowledged: until the
 * other half of the register, the doorbell, holds the number. At the end the AICPU stores EXIT, the core answers EXITED and returns. The
 * last AICPU thread out writes run_result.
 *
 * Every struct is written by one agent only, named at its head; lines of different writers are never shared.
 */
#ifndef NPURT_PROTOCOL_H
#define NPURT_PROTOCOL_H

#include <stddef.h>
#include <stdint.h>

/* C, and what the AICore program's compiler takes, which is a kind of C++. */
#ifdef __cplusplus
#define PROTOCOL_ASSERT static_assert
#else
#define PROTOCOL_ASSERT _Static_assert
#endif

enum { PROTOCOL_VERSION = 5, PROTOCOL_LINE = 64 };

enum {
    PROTOCOL_MAX_CORES = 256,      /* sub-cores of a device; a5 has 108 */
    PROTOCOL_MAX_AICPU_THREADS = 16, /* bits of the OCCUPY mask the driver uses */
};

/* Task numbers in DATA_MAIN_BASE and COND (the reference's encoding: bit 31 of COND is FIN). */
#define DMB_GATED         0x40000000u /* with a number: run it when the doorbell, DMB_DOORBELL bytes further, holds it too */
#define DMB_NUMBER_MASK   0x3fffffffu
#define DMB_EXIT          0x7ffffff0u /* leave the worker loop */
#define DMB_IDLE          0x7ffffffdu /* what the AICPU writes when it adopts a core */
#define COND_FIN          0x80000000u
#define COND_NUMBER_MASK  0x7fffffffu
#define COND_IDLE         0xffffffffu /* written by the core before its hello: no value of an earlier run is left */
#define COND_EXITED       0xfffffffeu
#define DISPATCH_NUMBER_FIRST 1u
#define DISPATCH_NUMBER_LIMIT 0x3ffffff0u /* numbers wrap to FIRST (keeping parity) before this: no gated one is DMB_EXIT */
enum { DMB_DOORBELL = 4 };

/* Writer: host, before the launch; read-only on the device. Argument of npurt_aicpu_init and npurt_aicpu_exec. */
struct aicpu_args {
    uint32_t protocol_version;
    uint32_t size;          /* of this struct */
    uint64_t control;       /* device address: struct run_control (exec) or struct device_report (init) */
    uint64_t reserved[6];
};
PROTOCOL_ASSERT(sizeof(struct aicpu_args) == 64, "aicpu_args");

/* Writer: npurt_aicpu_init. What only the device side can tell. */
struct device_report {
    uint32_t protocol_version;
    uint32_t aicpu_threads;  /* AICPU cores that can run our blocks at the same time */
    uint64_t counter_hz;
    uint32_t ready;          /* 1 when the rest is valid */
    uint32_t reserved[11];
};
PROTOCOL_ASSERT(sizeof(struct device_report) == 64, "device_report");

/* Writer: host, before the launch. */
struct run_control {
    uint32_t protocol_version;
    uint32_t run_number;        /* never 0; tells this run's hellos from stale ones */
    uint32_t aicpu_threads;     /* blocks of the exec launch */
    uint32_t block_dim;         /* clusters launched: cores [0,block_dim) AIC, [block_dim, 3*block_dim) AIV */
    uint32_t reg_dmb, reg_cond; /* register offsets of the generation */
    uint32_t reg_fast_path;     /* offset of FAST_PATH_ENABLE, 0 when the generation has none */
    uint32_t physical_cores;    /* entries of regs */
    uint64_t regs;              /* u64[physical_cores]: register base per physical sub-core, 0 absent */
    uint64_t hello;             /* struct core_hello[3*block_dim] */
    uint64_t welcome;           /* struct core_welcome[3*block_dim] */
    uint64_t payload;           /* struct dispatch_payload[3*block_dim][2] */
    uint64_t image;             /* struct image_header (image.h) */
    uint64_t image_size;
    uint64_t kernels;           /* struct kernel_entry[kernel_count] of the callable */
    uint32_t kernel_count;
    uint32_t scheduler_timeout_ms;
    uint64_t workspace;         /* image_workspace_size() bytes for the AICPU program, content undefined */
    uint64_t workspace_size;
    uint64_t result;            /* struct run_result */
    uint64_t command;           /* struct run_command */
    uint64_t stream;            /* struct stream_control (stream.h) when the graph is built on the device, else 0 */
    uint64_t records;           /* the flight recorder (recorder.h) */
};
PROTOCOL_ASSERT(sizeof(struct run_control) == 144, "run_control");
PROTOCOL_ASSERT(offsetof(struct run_control, regs) == 32, "run_control");
PROTOCOL_ASSERT(offsetof(struct run_control, workspace) == 96, "run_control");

/* Writer: host, while the run is going on. */
struct run_command {
    uint32_t abort;         /* not 0: end the run: stop dispatching, wait for running kernels up to grace_ms, exit cores */
    uint32_t grace_ms;
    uint32_t look;          /* each new value: the schedulers tell the flight recorder what they know (recorder.h) */
    uint32_t reserved[13];
};
PROTOCOL_ASSERT(sizeof(struct run_command) == 64, "run_command");

/* Writer: the core. */
struct core_hello {
    uint32_t run_number;    /* written last: run_control.run_number */
    uint32_t physical_core; /* index into regs */
    uint32_t core_type;     /* npurt_core */
    uint32_t block;         /* cluster number of the launch */
    uint32_t sub_block;     /* 0 AIC or AIV0, 1 AIV1 */
    uint32_t protocol_version;
    uint32_t reserved[10];
};
PROTOCOL_ASSERT(sizeof(struct core_hello) == 64, "core_hello");

/* Writer: the AICPU thread that owns the core. */
struct core_welcome {
    uint64_t payload;       /* struct dispatch_payload[2] of this core */
    uint32_t run_number;    /* written last */
    uint32_t reserved[13];
};
PROTOCOL_ASSERT(sizeof(struct core_welcome) == 64, "core_welcome");

/* What a kernel that registers conditions (condition.h) finds through the async words of its payload: the head of a slab
 * of its own or, in a task that is not deferred, one with room for none, where it says what it wanted. Writer: the core
 * while the kernel runs, else the AICPU thread that owns it. */
struct condition_head {
    uint32_t count;     /* registered */
    int32_t error;      /* enum condition_code of the first that was refused; 0 none */
    uint64_t address;   /* of that one */
    uint64_t report;    /* not 0: address of a u32 where the kernel publishes `mark` after a refusal */
    uint32_t mark;
    uint32_t expected;  /* of the refused one */
    uint32_t task;      /* with `report`: the kernel's task, block and image */
    int32_t block;
    uint64_t kernel;
};
PROTOCOL_ASSERT(sizeof(struct condition_head) == 48, "condition_head");

/* Writer: the AICPU thread that owns the core; number & 1 chooses one of a core's two. The first line is all that a core
 * needs before it looks at arguments. */
struct dispatch_payload {
    uint64_t kernel;            /* device address of a struct kernel_image */
    int32_t block_idx, block_num; /* npurt_kernel_local starts here */
    uint64_t async_address[3];  /* of count, error and entries of a slab */
    uint32_t async_room;        /* conditions that fit there */
    uint16_t tensor_count, scalar_count; /* of args; in bytes that the reference leaves empty */
    uint64_t async_task;
    int32_t sub_block_id;       /* npurt_kernel_global */
    uint32_t task;              /* number of the submission */
    int64_t args[50];           /* tensors' descriptors, scalars; [48] = &block_idx, [49] = &sub_block_id */
    struct condition_head stray; /* of kernels whose task is not deferred */
};
PROTOCOL_ASSERT(sizeof(struct dispatch_payload) == 512, "dispatch_payload");
PROTOCOL_ASSERT(offsetof(struct dispatch_payload, block_idx) == 8, "dispatch_payload");
PROTOCOL_ASSERT(offsetof(struct dispatch_payload, tensor_count) == 44, "dispatch_payload");
PROTOCOL_ASSERT(offsetof(struct dispatch_payload, sub_block_id) == 56, "dispatch_payload");
PROTOCOL_ASSERT(offsetof(struct dispatch_payload, args) == 64, "dispatch_payload");
PROTOCOL_ASSERT(offsetof(struct dispatch_payload, stray) == 464, "dispatch_payload");

/* Writer: host, at callable load. One per kernel id; core_type KERNEL_ABSENT for unused ids. */
enum { KERNEL_ABSENT = 0xffffffffu };
struct kernel_entry {
    uint64_t image;         /* device address of a struct kernel_image */
    uint32_t core_type;     /* npurt_core or KERNEL_ABSENT */
    uint32_t duration_ns;   /* timed mode: what one block of it takes; 0: the machine's default */
};
PROTOCOL_ASSERT(sizeof(struct kernel_entry) == 16, "kernel_entry");

/* Writer: host, at callable load; the code follows at offset 128. */
#define KERNEL_IMAGE_MAGIC 0x4b55504eu /* "NPUK" */
struct kernel_image {
    uint32_t magic;
    uint32_t core_type;
    uint64_t code_size;     /* bytes at KERNEL_IMAGE_CODE */
    uint64_t content_hash;
    uint32_t duration_ns;
    uint32_t reserved0;
    char entry[64];         /* symbol */
    uint8_t reserved1[32];
};
enum { KERNEL_IMAGE_CODE = 128 };
PROTOCOL_ASSERT(sizeof(struct kernel_image) == KERNEL_IMAGE_CODE, "kernel_image");

/* What ended a run; run_result.code. */
enum run_code {
    RUN_OK = 0,
    RUN_BAD_PROTOCOL = 1,       /* versions differ */
    RUN_BAD_IMAGE = 2,          /* the image failed its checks */
    RUN_HANDSHAKE_TIMEOUT = 3,  /* a core never said hello */
    RUN_BAD_CORE = 4,           /* a hello names no known physical core */
    RUN_KERNEL_STUCK = 5,       /* no progress within scheduler_timeout with a kernel running */
    RUN_STALLED = 6,            /* no progress and nothing running: the graph can not move */
    RUN_ABORTED = 7,            /* run_command.abort */
    RUN_EXIT_TIMEOUT = 8,       /* a core did not leave its loop */
    RUN_BAD_KERNEL = 9,         /* a task names a kernel id that the callable does not have, or of another core type */
    RUN_ORCHESTRATION = 10,     /* the orchestration on the device ended the run: stream_result says why */
    RUN_BAD_CONDITION = 11,     /* a kernel registered a condition that is refused: run_result.condition */
    RUN_BAD_PREDICATE = 12,     /* a task's predicate is about an element at run_result.address, which is no memory */
};

enum { RUN_MAX_SUSPECTS = 16 };
struct run_suspect {
    uint32_t task, block;       /* number of the submission, counted from 0 */
    int32_t physical_core;
    uint32_t acknowledged;      /* 1: the core had started it */
    int32_t kernel;             /* kernel id */
    uint32_t core_type;
};
/* A condition (condition.h) that was refused, or that a block of a task waits for. */
struct run_condition {
    uint32_t code;              /* enum condition_code; 0: it waits */
    uint32_t waiting;           /* blocks, counted per core, that wait; 0 and no code: there is no condition */
    uint32_t task, block;       /* number of the submission, counted from 0 */
    int32_t kernel;             /* kernel id */
    uint32_t index;             /* among those of its kernel */
    uint64_t address;
    uint32_t expected, value;   /* what the word must reach, and what it was at the end */
    int32_t type;               /* enum condition_type */
    uint32_t engine;
    uint32_t said;              /* what the kernel wrote for an error; 0: nothing */
    uint32_t reserved[3];
};
PROTOCOL_ASSERT(sizeof(struct run_condition) == PROTOCOL_LINE, "run_condition");

/* Writer: AICPU program, the last thread out; `done` last. */
struct run_result {
    uint32_t done;              /* run_control.run_number */
    uint32_t code;              /* enum run_code */
    uint32_t tasks_completed;
    uint32_t suspect_count;     /* may exceed RUN_MAX_SUSPECTS; only so many are listed */
    uint64_t start_ticks, end_ticks;
    uint64_t register_loads, register_stores;
    uint64_t dispatches;
    int64_t detail;             /* by code: the core, task or offset concerned */
    uint64_t ready_ticks;       /* all cores adopted */
    uint32_t schedulers;        /* AICPU threads that scheduled: all were there at the same time */
    uint32_t scheduled;         /* bit n: scheduler n dispatched something */
    uint64_t staged;            /* blocks sent to cores before all producers of their tasks had completed */
    uint64_t address;           /* RUN_BAD_PREDICATE: the element's; `detail` is its task's submission */
    struct run_suspect suspect[RUN_MAX_SUSPECTS];
    struct run_condition condition; /* the refused one; else the first submission's that waits, when the run failed */
};
PROTOCOL_ASSERT(offsetof(struct run_result, suspect) == 96, "run_result");
PROTOCOL_ASSERT(sizeof(struct run_result) == 544, "run_result");

#endif
