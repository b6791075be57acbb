/* What would take Python or NumPy longest, compiled: the nodes of a tree of beginnings, called by
 * `beginnings.py`, and an LSTM's cells on a level of it, called by `lstm_compiled.py`.
 *
 * The cells are what `TensorCells` in `lstm_cells.py` computes, operation by operation, and so have
 * the same bits: of floating point there are additions, multiplications, divisions and comparisons
 * alone, each rounded by itself (-ffp-contract=off), whatever the width of the vectors. What is
 * saved is memory traffic: the gates of a node stay in the nearest cache until all is done that
 * needs them.
 */
#include <math.h>
#include <stdint.h>
#include <string.h>

/* GCC compiles a function once for each of these, and the processor decides when it is loaded. */
#if defined(__x86_64__) && defined(__GLIBC__)
#define ANY_WIDTH __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define ANY_WIDTH
#endif
#define INLINE static inline __attribute__((always_inline))
#define ROW float *restrict
#define READ const float *restrict

/* Write the place of each token's node in its level, among those of the first `depth` tokens of each
 * question. `order` has the questions, the longest first. The hash table has a power of two of
 * slots, more than there are tokens, whose `keys` are all -1; `nodes` and `places` have as many.
 * Its keys are pairs of a parent and a token, both less than 2^31. */
void share_beginnings(int64_t questions, int64_t depth, const int64_t *order, const int64_t *firsts,
                      const int64_t *lengths, const int64_t *ids, int64_t slots, int64_t *keys,
                      int64_t *nodes, int64_t *places, int64_t *sizes, int64_t *place_of)
{
    int64_t count = 0;

    for (int64_t q = 0; q < questions; q++) {
        const int64_t first = firsts[order[q]], length = lengths[order[q]];
        int64_t parent = 0; /* nodes are counted from 1 */

        for (int64_t time = 0; time < length && time < depth; time++) {
            const int64_t key = parent << 31 | ids[first + time];
            uint64_t slot = ((uint64_t)key * 0x9E3779B97F4A7C15u) >> 20 & (uint64_t)(slots - 1);

            while (keys[slot] != key && keys[slot] != -1)
                slot = (slot + 1) & (uint64_t)(slots - 1);
            if (keys[slot] == -1) {
                keys[slot] = key;
                nodes[slot] = ++count;
                places[slot] = sizes[time]++;
            }
            parent = nodes[slot];
            place_of[first + time] = places[slot];
        }
    }
}

/* N nodes, I of them inner and at most W of these on a level, of H units. All matrices are
 * contiguous, row by row. */
struct lstm {
    int64_t hidden;             /* H */
    int64_t widest;             /* W */
    const int64_t *starts;      /* (T + 1,) where the nodes of each level start */
    const int64_t *inner;       /* (T,) how many have children: the first ones of a level */
    const int64_t *inner_rows;  /* (T,) where these start in what has a row for each inner node */
    const int64_t *branched;    /* (T,) whether a node hangs on another place than its own */
    const int64_t *tokens;      /* (N,) the row of `projected` */
    const int64_t *parents;     /* (N,) the place of the parent in its level */
    const int64_t *ends;        /* (E,) the nodes at which questions end, ascending */
    const int64_t *first_ends;  /* (T + 1,) where the ends of each level start */
    const float *projected;     /* (U, 4H) */
    const float *products;      /* (inner, 4H) of the level before */
    float *heads;               /* (I, H) the outputs */
    float *carried;             /* (2W, 2H) cells and sums of outputs, on the way back their
                                 * gradients: of inner nodes of even levels, then of odd ones */
    float *slopes;              /* (N, 6H), or null where there will be no way back */
    float *totals;              /* (E, H) the sums at ends; later their gradients */
    const float *grad_heads;    /* (inner, H) of the level */
    float *grad_products;       /* (I, 4H) */
    float *grad_projected;      /* (U, 4H) */
    float *spare;               /* 9H */
    const float *zeros;         /* 4H */
};

/* As `tanh` in `float32_tanh.py`, which says why. */
INLINE float tanh_of(float x)
{
    float size = fabsf(x), scaled, nearest, whole, rest, series, power, less_one;
    int32_t bits;

    size = size > 10.0f ? 10.0f : size;
    scaled = size * -2.0f;
    nearest = scaled * 1.44269504f + 12582912.0f;
    whole = nearest - 12582912.0f;
    rest = (scaled - whole * 0.693359375f) - whole * -2.12194440e-4f;
    series = 0.00138825166f;
    series = series * rest + 0.00836654752f;
    series = series * rest + 0.0416672006f;
    series = series * rest + 0.166665435f;
    series = series * rest + 0.49999997f;
    series = rest + (rest * rest) * series;
    memcpy(&bits, &nearest, sizeof bits);
    bits = (int32_t)(((uint32_t)bits << 23) + 0x3f800000u);
    memcpy(&power, &bits, sizeof power);
    less_one = power * series + (power - 1.0f);
    return copysignf(less_one / (less_one + 2.0f), x);
}

INLINE float *carried_of(const struct lstm *l, int64_t level, int64_t place)
{
    return l->carried + (level % 2 * l->widest + place) * 2 * l->hidden;
}

INLINE void squash(int64_t count, READ x, READ product, ROW out)
{
    for (int64_t j = 0; j < count; j++)
        out[j] = tanh_of(x[j] + product[j]);
}

/* From the squashed gates i, f, g and o, and from the parent's cell and sum, those of a node; what
 * is left in the gates are the factors of the chain rule. */
INLINE void combine(int64_t hidden, ROW i_gate, ROW f_gate, ROW g_gate, ROW o_gate, ROW through,
                    ROW forget, READ cell_above, READ sum_above, ROW head, ROW cell, ROW sum)
{
    for (int64_t j = 0; j < hidden; j++) {
        float i = i_gate[j] * 0.5f + 0.5f, f = f_gate[j] * 0.5f + 0.5f, g = g_gate[j];
        float o = o_gate[j] * 0.5f + 0.5f;
        float fresh = i * g, held = f * cell_above[j];
        float c = fresh + held, squashed = tanh_of(c), h = squashed * o;

        i_gate[j] = fresh - i * fresh;
        f_gate[j] = held - f * held;
        g_gate[j] = i - fresh * g;
        o_gate[j] = h - o * h;
        through[j] = o - h * squashed;
        forget[j] = f;
        head[j] = h;
        cell[j] = c;
        sum[j] = sum_above[j] + h;
    }
}

ANY_WIDTH void lstm_advance(const struct lstm *l, int64_t level)
{
    const int64_t h = l->hidden, start = l->starts[level], size = l->starts[level + 1] - start;
    int64_t end = l->first_ends[level];

    for (int64_t place = 0; place < size; place++) {
        const int64_t node = start + place, above = l->parents[node];
        const int is_inner = place < l->inner[level];
        const float *product = level ? l->products + above * 4 * h : l->zeros;
        const float *before = level ? carried_of(l, level - 1, above) : l->zeros;
        float *gate = l->slopes ? l->slopes + node * 6 * h : l->spare;
        float *head = is_inner ? l->heads + (l->inner_rows[level] + place) * h : l->spare + 6 * h;
        float *after = is_inner ? carried_of(l, level, place) : l->spare + 7 * h;

        squash(4 * h, l->projected + l->tokens[node] * 4 * h, product, gate);
        combine(h, gate, gate + h, gate + 2 * h, gate + 3 * h, gate + 4 * h, gate + 5 * h,
                before, before + h, head, after, after + h);
        if (end < l->first_ends[level + 1] && l->ends[end] == node)
            memcpy(l->totals + end++ * h, after + h, h * sizeof(float));
    }
}

/* From the gradients of a node's output and cell those of its gates (4H), of its parent's cell, and
 * of its parent's sum; with `add` the last two are added to what is there. */
INLINE void chain(int64_t hidden, READ slope, READ grad_total, READ grad_head, READ grad_cell,
                  READ grad_sum, ROW grad_i, ROW grad_f, ROW grad_g, ROW grad_o,
                  ROW cell_above, ROW sum_above, int add)
{
    for (int64_t j = 0; j < hidden; j++) {
        float of_sum = grad_total[j] + grad_sum[j];
        float of_output = of_sum + grad_head[j];
        float of_cell = grad_cell[j] + of_output * slope[4 * hidden + j];
        float above = of_cell * slope[5 * hidden + j];

        grad_i[j] = slope[j] * of_cell;
        grad_f[j] = slope[hidden + j] * of_cell;
        grad_g[j] = slope[2 * hidden + j] * of_cell;
        grad_o[j] = slope[3 * hidden + j] * of_output;
        cell_above[j] = add ? cell_above[j] + above : above;
        sum_above[j] = add ? sum_above[j] + of_sum : of_sum;
    }
}

INLINE void spread(int64_t count, READ grad, ROW projected, ROW product, int add)
{
    for (int64_t j = 0; j < count; j++) {
        projected[j] += grad[j];
        product[j] = add ? product[j] + grad[j] : grad[j];
    }
}

INLINE void retreat(const struct lstm *l, int64_t level, int add)
{
    const int64_t h = l->hidden, start = l->starts[level], size = l->starts[level + 1] - start;
    int64_t end = l->first_ends[level];
    float *grad = l->spare;

    for (int64_t place = 0; place < size; place++) {
        const int64_t node = start + place, above = l->parents[node];
        const int is_inner = place < l->inner[level];
        const int is_end = end < l->first_ends[level + 1] && l->ends[end] == node;
        const float *grad_total = is_end ? l->totals + end++ * h : l->zeros;
        const float *grad_head = is_inner ? l->grad_heads + place * h : l->zeros;
        const float *carried = is_inner ? carried_of(l, level, place) : l->zeros;
        float *up = level ? carried_of(l, level - 1, above) : l->spare + 4 * h;
        float *product = level ? l->grad_products + (l->inner_rows[level - 1] + above) * 4 * h
                               : l->spare + 4 * h;

        chain(h, l->slopes + node * 6 * h, grad_total, grad_head, carried, carried + h, grad,
              grad + h, grad + 2 * h, grad + 3 * h, up, up + h, add);
        spread(4 * h, grad, l->grad_projected + l->tokens[node] * 4 * h, product, add);
    }
}

ANY_WIDTH void lstm_retreat(const struct lstm *l, int64_t level)
{
    if (level == 0 || !l->branched[level]) {
        retreat(l, level, 0);
        return;
    }
    const int64_t first = l->inner_rows[level - 1] * 4 * l->hidden;
    const int64_t count = l->inner[level - 1] * l->hidden;

    memset(carried_of(l, level - 1, 0), 0, count * 2 * sizeof(float));
    memset(l->grad_products + first, 0, count * 4 * sizeof(float));
    retreat(l, level, 1);
}

/* What was compiled, as a hash of this file. */
const char *kernels_source(void)
{
    return SOURCE;
}
