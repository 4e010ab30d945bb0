#include "spectra/spc_kind.h"

#include "spectra/trace_unit.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

enum {
    X_ARBITRARY = 0,
    X_WAVENUMBER = 1,
    X_MICROMETRE = 2,
    X_NANOMETRE = 3,
    X_MASS = 9,
    X_RAMAN_SHIFT = 13,
    Y_ARBITRARY = 0,
    Y_ABSORBANCE = 2,
    Y_KUBELKA_MUNK = 3,
    Y_COUNTS = 4,
    Y_LOG_1_R = 10,
    Y_PERCENT = 11,
    Y_INTENSITY = 12,
    Y_RELATIVE = 13,
    Y_TRANSMISSION = 128,
    Y_REFLECTANCE = 129,
    GENERAL = 0,
    CHROMATOGRAM = 2,
    INFRARED = 4,
    NEAR_INFRARED = 5,
    MASS = 9,
    RAMAN = 11
};

/* Offsets of the codes in the headers. */
static size_t experiment_at(const nps_spc_file *f)
{
    return f->old ? 0 : 2;
}

static size_t x_at(const nps_spc_file *f)
{
    return f->old ? 16 : 28;
}

static size_t y_at(const nps_spc_file *f)
{
    return f->old ? 17 : 29;
}

const char *nps_spc_experiment_name(unsigned code)
{
    static const char *const names[] = {"general",
                                        "gas chromatogram",
                                        "chromatogram",
                                        "HPLC chromatogram",
                                        "infrared spectrum",
                                        "near infrared spectrum",
                                        NULL,
                                        "UV-VIS spectrum",
                                        "X-ray diffractogram",
                                        "mass spectrum",
                                        "NMR spectrum",
                                        "Raman spectrum",
                                        "fluorescence spectrum",
                                        "atomic spectrum",
                                        "diode array chromatogram"};
    return code < COUNT(names) ? names[code] : NULL;
}

const char *nps_spc_axis_name(unsigned code)
{
    static const char *const names[] = {"arbitrary units",
                                        "wavenumber (cm-1)",
                                        "micrometres",
                                        "nanometres",
                                        "seconds",
                                        "minutes",
                                        "hertz",
                                        "kilohertz",
                                        "megahertz",
                                        "mass (m/z)",
                                        "parts per million (NMR)",
                                        "days",
                                        "years",
                                        "Raman shift (cm-1)",
                                        "electronvolts",
                                        "text labels",
                                        "diode number",
                                        "channel number",
                                        "degrees",
                                        "degrees Fahrenheit",
                                        "degrees Celsius",
                                        "kelvins",
                                        "point numbers",
                                        "milliseconds",
                                        "microseconds",
                                        "nanoseconds",
                                        "gigahertz",
                                        "centimetres",
                                        "metres",
                                        "millimetres",
                                        "hours"};
    return code < COUNT(names) ? names[code] : code == 255 ? "a double interferogram" : NULL;
}

const char *nps_spc_ordinate_name(unsigned code)
{
    static const char *const names[] = {"arbitrary intensity",
                                        "interferogram",
                                        "absorbance",
                                        "Kubelka-Munk",
                                        "counts",
                                        "volts",
                                        "degrees",
                                        "milliamperes",
                                        "millimetres",
                                        "millivolts",
                                        "log(1/R)",
                                        "percent",
                                        "intensity",
                                        "relative intensity",
                                        "energy",
                                        NULL,
                                        "decibels",
                                        NULL,
                                        NULL,
                                        "degrees Fahrenheit",
                                        "degrees Celsius",
                                        "kelvins",
                                        "index of refraction",
                                        "extinction coefficient",
                                        "real part",
                                        "imaginary part",
                                        "complex numbers"};
    static const char *const valleys[] = {"transmission", "reflectance", "single beam", "emission"};
    if (code >= 128 && code - 128 < COUNT(valleys))
        return valleys[code - 128];
    return code < COUNT(names) ? names[code] : NULL;
}

static nps_status refuse_code(size_t at, const char *what, const char *name, unsigned code, nps_err *err)
{
    if (!name)
        return nps_fail_at(err, NPS_E_UNSUPPORTED, 0, at, "%s with the unknown code %u", what, code);
    return nps_fail_at(err, NPS_E_UNSUPPORTED, 0, at, "%s '%s' is not read here, only mass, infrared and Raman spectra",
                       what, name);
}

static nps_status refuse_ordinate(const nps_spc_file *f, const char *verdict, nps_err *err)
{
    const char *name = nps_spc_ordinate_name(f->y_type);
    if (!name)
        return nps_fail_at(err, NPS_E_UNSUPPORTED, 0, y_at(f), "ordinate with the unknown code %u", f->y_type);
    return nps_fail_at(err, NPS_E_UNSUPPORTED, 0, y_at(f), "ordinate in '%s' is %s", name, verdict);
}

/* Of a file over wavelengths whose experiment is `experiment`. */
static nps_status check_wavelengths(const nps_spc_file *f, unsigned experiment, double low, double high, nps_err *err)
{
    double per_nm = f->x_type == X_MICROMETRE ? 1e3 : 1;
    bool said = experiment == INFRARED || experiment == NEAR_INFRARED;
    if (experiment == RAMAN)
        return nps_fail_at(err, NPS_E_UNSUPPORTED, 0, x_at(f),
                           "a Raman spectrum over wavelengths says no Raman shift, as the laser line is not given");
    if (high * per_nm < NPS_INFRARED_FROM_NM)
        return nps_fail_at(err, NPS_E_UNSUPPORTED, 0, x_at(f),
                           "wavelengths from %g to %g nm are ultraviolet or visible light, not infrared", low * per_nm,
                           high * per_nm);
    if (low * per_nm < NPS_INFRARED_FROM_NM && !said)
        return nps_fail_at(err, NPS_E_UNSUPPORTED, 0, x_at(f),
                           "wavelengths from %g to %g nm in a file that does not say it is infrared", low * per_nm,
                           high * per_nm);
    return NPS_OK;
}

static bool is_foreign(unsigned experiment)
{
    return experiment != GENERAL && experiment != INFRARED && experiment != NEAR_INFRARED && experiment != RAMAN &&
           experiment != MASS;
}

static nps_status refuse_x(const nps_spc_file *f, nps_err *err)
{
    nps_span own = f->label[0];
    if (f->x_type == X_ARBITRARY && own.n)
        return nps_fail_at(err, NPS_E_UNSUPPORTED, 0, x_at(f), "abscissa in arbitrary units labelled '%s'",
                           nps_quote(own.p, own.n).s);
    return refuse_code(x_at(f), "abscissa in", nps_spc_axis_name(f->x_type), f->x_type, err);
}

static nps_status check_mass_ordinate(const nps_spc_file *f, nps_err *err)
{
    switch (f->y_type) {
    case Y_ARBITRARY:
    case Y_COUNTS:
    case Y_PERCENT:
    case Y_INTENSITY:
    case Y_RELATIVE: return NPS_OK;
    default: break;
    }
    return refuse_ordinate(f, "no abundance of ions", err);
}

nps_status nps_spc_kind_of(const nps_spc_file *f, double low, double high, nps_spc_kind *ret_kind, nps_err *err)
{
    unsigned experiment = f->experiment;
    if (!experiment && f->flags & NPS_SPC_CHROMATOGRAM)
        experiment = CHROMATOGRAM;
    nps_status st = NPS_OK;
    nps_spc_kind kind = NPS_SPC_INFRARED;
    if (f->x_type == X_MASS) {
        kind = NPS_SPC_MASS;
        st = check_mass_ordinate(f, err);
    } else if (is_foreign(experiment)) {
        st = refuse_code(experiment == f->experiment ? experiment_at(f) : 0, "experiment",
                         nps_spc_experiment_name(experiment), experiment, err);
    } else if (experiment == MASS) {
        st = refuse_code(x_at(f), "mass spectrum over", nps_spc_axis_name(f->x_type), f->x_type, err);
    } else if (f->x_type == X_RAMAN_SHIFT) {
        kind = NPS_SPC_RAMAN;
    } else if (f->x_type == X_WAVENUMBER) {
        kind = experiment == RAMAN ? NPS_SPC_RAMAN : NPS_SPC_INFRARED;
    } else if (f->x_type == X_MICROMETRE || f->x_type == X_NANOMETRE) {
        st = check_wavelengths(f, experiment, low, high, err);
    } else {
        st = refuse_x(f, err);
    }
    if (st == NPS_OK)
        *ret_kind = kind;
    return st;
}

static nps_status part_or_percent(const nps_spc_file *f, double largest, nps_y_unit part, nps_y_unit *ret_unit,
                                  nps_err *err)
{
    *ret_unit = part;
    if (!nps_trace_scale(largest, ret_unit))
        return nps_fail_at(err, NPS_E_UNSUPPORTED, 0, y_at(f), "%s up to %g may be meant in parts or in per cent",
                           nps_spc_ordinate_name(f->y_type), largest);
    return NPS_OK;
}

static nps_status raman_unit(const nps_spc_file *f, nps_y_unit *ret_unit, nps_err *err)
{
    switch (f->y_type) {
    case Y_ARBITRARY:
    case Y_COUNTS:
    case Y_INTENSITY:
    case Y_RELATIVE: *ret_unit = NPS_Y_COUNTS; return NPS_OK;
    default: break;
    }
    return refuse_ordinate(f, "no Raman intensity", err);
}

nps_status nps_spc_y_unit(const nps_spc_file *f, double largest, nps_y_unit *ret_unit, nps_err *err)
{
    if (f->x_type == X_RAMAN_SHIFT || f->experiment == RAMAN)
        return raman_unit(f, ret_unit, err);
    switch (f->y_type) {
    case Y_ABSORBANCE:
    case Y_LOG_1_R: *ret_unit = NPS_Y_ABSORBANCE; return NPS_OK;
    case Y_KUBELKA_MUNK: *ret_unit = NPS_Y_KUBELKA_MUNK; return NPS_OK;
    case Y_PERCENT: *ret_unit = NPS_Y_PERCENT_T; return NPS_OK;
    case Y_TRANSMISSION: return part_or_percent(f, largest, NPS_Y_TRANSMITTANCE, ret_unit, err);
    case Y_REFLECTANCE: return part_or_percent(f, largest, NPS_Y_REFLECTANCE, ret_unit, err);
    default: break;
    }
    return refuse_ordinate(f, "neither absorbance, transmittance nor reflectance", err);
}
