#include "spectra/centroid.h"

#include <math.h>

static const double GAP_MZ = 0.3, GAP_RATIO = 4;

typedef struct {
    double mz, height;
} centre;

/* Vertex of the parabola through (x, ln y); x[0] < x[1] < x[2], y > 0, y[1] the largest. */
static centre gaussian(const double x[3], const double y[3])
{
    double left = x[1] - x[0], right = x[2] - x[1];
    double fall_left = log(y[1] / y[0]) / left, fall_right = log(y[1] / y[2]) / right;
    double bend = (fall_left + fall_right) / (left + right);
    if (!(bend > 0) || !isfinite(bend))
        return (centre){x[1], y[1]};
    double slope = (fall_left * right - fall_right * left) / (left + right);
    double shift = fmin(fmax(slope / (2 * bend), -left), right);
    return (centre){x[1] + shift, y[1] * exp(shift * (slope - bend * shift))};
}

static centre weighted(const double x[3], const double y[3])
{
    double sum = 0, moment = 0;
    for (int i = 0; i < 3; i++)
        if (y[i] > 0) {
            sum += y[i] / y[1];
            moment += y[i] / y[1] * (x[i] - x[1]);
        }
    return (centre){x[1] + moment / sum, y[1]};
}

/* The peak whose highest points are first..last, all equal. */
static centre locate(const double *mz, const double *intensity, size_t n, size_t first, size_t last)
{
    if (last > first + 1)
        return (centre){(mz[first] + mz[last]) / 2, intensity[first]};
    double x[3] = {mz[first], mz[first], mz[first]}, y[3] = {0, intensity[first], 0};
    double left = first ? mz[first] - mz[first - 1] : INFINITY;
    double right = first + 1 < n ? mz[first + 1] - mz[first] : INFINITY;
    if (left > 0 && left <= GAP_MZ && left <= GAP_RATIO * right) {
        x[0] = mz[first - 1];
        y[0] = intensity[first - 1];
    }
    if (right > 0 && right <= GAP_MZ && right <= GAP_RATIO * left) {
        x[2] = mz[first + 1];
        y[2] = intensity[first + 1];
    }
    return y[0] > 0 && y[2] > 0 ? gaussian(x, y) : weighted(x, y);
}

/* Whether the intensity falls, or the peak ends, between neighbouring points. */
static bool falls(const double *mz, const double *intensity, size_t from, size_t to)
{
    double gap = fabs(mz[to] - mz[from]);
    return intensity[to] < intensity[from] || gap > GAP_MZ;
}

nps_status nps_centroid(const double *mz, const double *intensity, size_t n, size_t max_peaks, nps_peaks *peaks,
                        nps_err *err)
{
    for (size_t i = 1; i < n; i++)
        if (!(mz[i] >= mz[i - 1]))
            return nps_fail(err, NPS_E_FORMAT, "profile data whose m/z falls from %g to %g", mz[i - 1], mz[i]);
    for (size_t first = 0, last; first < n; first = last + 1) {
        last = first;
        if (!(intensity[first] > 0))
            continue;
        while (last + 1 < n && intensity[last + 1] == intensity[first] && mz[last + 1] - mz[last] <= GAP_MZ)
            last++;
        if ((first && !falls(mz, intensity, first, first - 1)) || (last + 1 < n && !falls(mz, intensity, last, last + 1)))
            continue;
        centre c = locate(mz, intensity, n, first, last);
        nps_status st = nps_peaks_push(peaks, c.mz, c.height, NULL, 0, max_peaks, err);
        if (st != NPS_OK)
            return st;
    }
    return NPS_OK;
}
