/* The floor: the same training as plain loops. One row after another, weights row by row, a node's bias behind
   its weights. Output linear; hidden nodes relu (0) or tanh (1). */

#include <math.h>
#include <string.h>

static double activate(int kind, double z) { return kind ? tanh(z) : (z > 0 ? z : 0); }
static double passes(int kind, double a) { return kind ? 1 - a * a : (a > 0 ? 1 : 0); }

/* Fill a, the values of every column one behind the other; return the sum of error squared. */
static double forward(int layers, const int *sizes, int kind, int biased, const double *w, const double *x,
                      const double *y, double *a) {
    memcpy(a, x, sizes[0] * sizeof(double));
    for (int k = 0; k < layers; k++) {
        const double *before = a;
        const int inputs = sizes[k], nodes = sizes[k + 1];
        a += inputs;
        for (int j = 0; j < nodes; j++, w += inputs + biased) {
            double z = biased ? w[inputs] : 0;
            for (int i = 0; i < inputs; i++) z += w[i] * before[i];
            a[j] = k < layers - 1 ? activate(kind, z) : z;
        }
    }
    double squares = 0;
    for (int j = 0; j < sizes[layers]; j++) squares += (a[j] - y[j]) * (a[j] - y[j]);
    return squares;
}

/* Add this row's part to the slopes. The ends point behind the last of the values, weights and slopes. */
static void backward(int layers, const int *sizes, int kind, int biased, const double *w_end, double *slope_end,
                     const double *y, double scale, const double *a_end, double *d, double *d_before) {
    const int outputs = sizes[layers];
    const double *a = a_end - outputs;
    for (int j = 0; j < outputs; j++) d[j] = scale * (a[j] - y[j]);
    for (int k = layers - 1; k >= 0; k--) {
        const int inputs = sizes[k], nodes = sizes[k + 1], stride = inputs + biased;
        w_end -= nodes * stride;
        slope_end -= nodes * stride;
        a -= inputs;
        memset(d_before, 0, inputs * sizeof(double));
        for (int j = 0; j < nodes; j++) {
            const double *w = w_end + j * stride, dj = d[j];
            double *slope = slope_end + j * stride;
            for (int i = 0; i < inputs; i++) slope[i] += dj * a[i];
            if (biased) slope[inputs] += dj;
            if (k) for (int i = 0; i < inputs; i++) d_before[i] += dj * w[i];
        }
        if (k) for (int i = 0; i < inputs; i++) d_before[i] *= passes(kind, a[i]);
        double *swap = d;
        d = d_before;
        d_before = swap;
    }
}

static double all_rows(int layers, const int *sizes, int kind, int biased, const double *w, const double *x,
                       const double *y, long rows, double *a) {
    double squares = 0;
    for (long r = 0; r < rows; r++)
        squares += forward(layers, sizes, kind, biased, w, x + r * sizes[0], y + r * sizes[layers], a);
    return squares / (rows * sizes[layers]);
}

/* `order` holds the rows of each epoch, or is null for the full batch. `a` has room for all values and `d` for
   two columns. The history gets the MSE before the first update and after each epoch. */
void train(int layers, const int *sizes, int kind, int biased, double *w, double *slopes, long parameters,
           const double *x, const double *y, long rows, long batch, const long *order, long epochs, double rate,
           double *a, double *d, double *history) {
    long values = 0, widest = 0;
    for (int k = 0; k <= layers; k++) {
        values += sizes[k];
        if (sizes[k] > widest) widest = sizes[k];
    }
    if (order) *history++ = all_rows(layers, sizes, kind, biased, w, x, y, rows, a);
    for (long epoch = 0; epoch < epochs; epoch++) {
        for (long start = 0; start < rows; start += batch) {
            const long end = start + batch < rows ? start + batch : rows;
            const double scale = 2.0 / ((end - start) * sizes[layers]);
            double squares = 0;
            memset(slopes, 0, parameters * sizeof(double));
            for (long r = start; r < end; r++) {
                const long row = order ? order[epoch * rows + r] : r;
                const double *target = y + row * sizes[layers];
                squares += forward(layers, sizes, kind, biased, w, x + row * sizes[0], target, a);
                backward(layers, sizes, kind, biased, w + parameters, slopes + parameters, target, scale,
                         a + values, d, d + widest);
            }
            for (long i = 0; i < parameters; i++) w[i] -= rate * slopes[i];
            if (!order) *history++ = squares / (rows * sizes[layers]);
        }
        if (order) *history++ = all_rows(layers, sizes, kind, biased, w, x, y, rows, a);
    }
    if (!order) *history = all_rows(layers, sizes, kind, biased, w, x, y, rows, a);
}
