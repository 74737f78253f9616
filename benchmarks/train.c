/* The job of the peers in C: fan_in-hidden-units, a hidden layer of sigmoids, SGD or Adam, everything in double.
   p holds all parameters: w1 (hidden x fan_in), b1, w2 (units x hidden), b2. losses receives the loss of each epoch. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LINEAR, SIGMOID, SOFTMAX };

static void affine(int fan_in, int units, const double *w, const double *b, const double *x, double *net) {
    for (int j = 0; j < units; j++) {
        double sum = b[j];
        for (int i = 0; i < fan_in; i++) sum += w[j * fan_in + i] * x[i];
        net[j] = sum;
    }
}

static double sigmoid(double x) { return 1 / (1 + exp(-x)); }

/* o holds net inputs and receives outputs; delta receives dL/dnet of this row; returns the loss of this row. */
static double finish(int units, int out, double *o, const double *t, double *delta) {
    double loss = 0, total = 0, largest = o[0];
    if (out == SOFTMAX) {
        for (int k = 1; k < units; k++) if (o[k] > largest) largest = o[k];
        for (int k = 0; k < units; k++) total += o[k] = exp(o[k] - largest);
        for (int k = 0; k < units; k++) {
            o[k] /= total;
            delta[k] = o[k] - t[k];
            if (t[k] != 0) loss -= t[k] * log(o[k]);
        }
        return loss;
    }
    for (int k = 0; k < units; k++) {
        if (out == SIGMOID) o[k] = sigmoid(o[k]);
        double error = o[k] - t[k];
        loss += error * error / 2;
        delta[k] = out == SIGMOID ? error * o[k] * (1 - o[k]) : error;
    }
    return loss;
}

static void update(int n, double *p, const double *g, double *m, double *v, int adam, int step, double rate,
                   double epsilon) {
    if (!adam) {
        for (int i = 0; i < n; i++) p[i] -= rate * g[i];
        return;
    }
    double corrected = rate * sqrt(1 - pow(0.999, step)) / (1 - pow(0.9, step));
    for (int i = 0; i < n; i++) {
        m[i] = 0.9 * m[i] + 0.1 * g[i];
        v[i] = 0.999 * v[i] + 0.001 * g[i] * g[i];
        p[i] -= corrected * m[i] / (sqrt(v[i]) + epsilon);
    }
}

void train(int fan_in, int hidden, int units, int out, int adam, double rate, double epsilon, int rows, int batch,
           int epochs, const double *x, const double *y, double *p, double *losses) {
    int b1 = hidden * fan_in, w2 = b1 + hidden, b2 = w2 + units * hidden, n = b2 + units, step = 0;
    double *g = calloc(3 * n + 2 * hidden + 2 * units, sizeof(double));
    double *m = g + n, *v = m + n, *h = v + n, *dh = h + hidden, *o = dh + hidden, *delta = o + units;
    for (int epoch = 0; epoch < epochs; epoch++) {
        double total = 0;
        for (int start = 0; start < rows; start += batch) {
            int end = start + batch < rows ? start + batch : rows;
            memset(g, 0, n * sizeof(double));
            for (int r = start; r < end; r++) {
                const double *row = x + r * fan_in;
                affine(fan_in, hidden, p, p + b1, row, h);
                for (int j = 0; j < hidden; j++) h[j] = sigmoid(h[j]);
                affine(hidden, units, p + w2, p + b2, h, o);
                total += finish(units, out, o, y + r * units, delta);
                memset(dh, 0, hidden * sizeof(double));
                for (int k = 0; k < units; k++) {
                    double d = delta[k] / (end - start);
                    g[b2 + k] += d;
                    for (int j = 0; j < hidden; j++) {
                        g[w2 + k * hidden + j] += d * h[j];
                        dh[j] += d * p[w2 + k * hidden + j];
                    }
                }
                for (int j = 0; j < hidden; j++) {
                    double d = dh[j] * h[j] * (1 - h[j]);
                    g[b1 + j] += d;
                    for (int i = 0; i < fan_in; i++) g[j * fan_in + i] += d * row[i];
                }
            }
            update(n, p, g, m, v, adam, ++step, rate, epsilon);
        }
        losses[epoch] = total / rows;
    }
    free(g);
}
