/* What golden, orchestration and kernels of the decoder layer agree on. `batch` sequences decode one token each.
 *
 * Tensors of the call, f32 but where another type is named; weights are bf16, [in, out]:
 *     HIDDEN [batch, hidden] · INPUT_NORM, POST_NORM [1, hidden] · Q_NORM, K_NORM [1, dim]
 *     WQ [hidden, heads·dim] · WK, WV [hidden, kv_heads·dim] · WO [heads·dim, hidden] · W_GATE, W_UP [hidden, inner] ·
 *     W_DOWN [inner, hidden]
 *     ROPE [batch, dim]: cosines, then sines, of the new token's position
 *     TABLE u32 [batch, blocks]: block j of a sequence lies in page TABLE[sequence][j]
 *     K_CACHE, V_CACHE bf16 [kv_heads, pages·block, dim]: row page·block + i, the new token's row is written
 *     OUT [batch, hidden]
 * Scalars: those named below, then each sequence's length, the new token included. */
#ifndef DECODER_LAYER_LAYOUT_H
#define DECODER_LAYER_LAYOUT_H

enum {
    HIDDEN, INPUT_NORM, WQ, WK, WV, Q_NORM, K_NORM, ROPE, TABLE, K_CACHE, V_CACHE, WO, POST_NORM, W_GATE, W_UP, W_DOWN, OUT,
    TENSORS
};

enum {
    CALL_BLOCK,     /* tokens of a page */
    CALL_SCALE,     /* of scores, f32 */
    CALL_EPSILON,   /* of norms, f32 */
    CALL_Q_TILE,    /* columns that one task computes: of q */
    CALL_MODEL_TILE,/* … of the two projections back to `hidden` */
    CALL_INNER_TILE,/* … of gate and up */
    CALL_LENGTHS
};

/* Kernel ids. The same code under several ids: each has a duration of its own. */
enum {
    LINEAR_Q, LINEAR_KV, LINEAR_O, LINEAR_INNER, LINEAR_DOWN, QK, PV, /* AIC */
    NORM, ROPE_Q, ROPE_KV, SOFTMAX, UPDATE, ADD, SILU                 /* AIV */
};

#endif
