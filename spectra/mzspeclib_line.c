#include "spectra/mzspeclib_line.h"

#include "spectra/spectrum.h"

#include <string.h>

/* Accessions of the PSI-MS vocabulary. The specification prefers the experimental precursor m/z over the others. */
static const nps_mzspeclib_term terms[] = {
    {"MS:1003061", NPS_MZSPECLIB_TEXT, NPS_TEXT_NAME},            /* library spectrum name */
    {"MS:1000866", NPS_MZSPECLIB_TEXT, NPS_TEXT_FORMULA},         /* molecular formula */
    {"MS:1000868", NPS_MZSPECLIB_TEXT, NPS_TEXT_SMILES},          /* SMILES formula */
    {"MS:1002894", NPS_MZSPECLIB_TEXT, NPS_TEXT_INCHIKEY},        /* InChIKey */
    {"MS:1003403", NPS_MZSPECLIB_TEXT, NPS_TEXT_INCHI},           /* InChI */
    {"MS:1002813", NPS_MZSPECLIB_TEXT, NPS_TEXT_ADDUCT},          /* adduct ion formula */
    {"MS:1000031", NPS_MZSPECLIB_TEXT, NPS_TEXT_INSTRUMENT},      /* instrument model */
    {"MS:1000443", NPS_MZSPECLIB_TEXT, NPS_TEXT_INSTRUMENT_TYPE}, /* mass analyzer type */
    {"MS:1003168", NPS_MZSPECLIB_TEXT, NPS_TEXT_COMMENT},         /* library spectrum comment */
    {"MS:1003197", NPS_MZSPECLIB_TEXT, NPS_TEXT_LICENCE},         /* license URI */
    {"MS:1000590", NPS_MZSPECLIB_TEXT, NPS_TEXT_CONTRIBUTOR},     /* contact affiliation */
    {"MS:1000586", NPS_MZSPECLIB_TEXT, NPS_TEXT_CONTRIBUTOR},     /* contact name */
    {"MS:1003208", NPS_MZSPECLIB_PRECURSOR, 0},                   /* experimental precursor monoisotopic m/z */
    {"MS:1000744", NPS_MZSPECLIB_PRECURSOR, 1},                   /* selected ion m/z */
    {"MS:1000827", NPS_MZSPECLIB_PRECURSOR, 2},                   /* isolation window target m/z */
    {"MS:1003053", NPS_MZSPECLIB_PRECURSOR, 3},                   /* theoretical monoisotopic m/z */
    {"MS:1000894", NPS_MZSPECLIB_RT, 0},                          /* retention time */
    {"MS:1001117", NPS_MZSPECLIB_EXACT_MASS, 0},                  /* theoretical neutral mass */
    {"MS:1000465", NPS_MZSPECLIB_POLARITY, 0},                    /* scan polarity */
    {"MS:1000041", NPS_MZSPECLIB_CHARGE, 0},                      /* charge state */
    {"MS:1000045", NPS_MZSPECLIB_ENERGY, 0},                      /* collision energy */
    {"MS:1000138", NPS_MZSPECLIB_NORMALIZED_ENERGY, 0},           /* normalized collision energy */
    {"MS:1000008", NPS_MZSPECLIB_IONIZATION, 0},                  /* ionization type */
    {"MS:1000511", NPS_MZSPECLIB_LEVEL, 0},                       /* ms level */
    {"MS:1000044", NPS_MZSPECLIB_DISSOCIATION, 0},                /* dissociation method */
    {"MS:1003059", NPS_MZSPECLIB_PEAK_COUNT, 0},                  /* number of peaks */
    {"MS:1003212", NPS_MZSPECLIB_SET_NAME, 0},                    /* library attribute set name */
    {"MS:1003275", NPS_MZSPECLIB_FREE_NAME, 0},                   /* other attribute name */
    {"MS:1003276", NPS_MZSPECLIB_FREE_VALUE, 0},                  /* other attribute value */
    {"UO:0000000", NPS_MZSPECLIB_UNIT, 0},                        /* unit */
};
static const nps_mzspeclib_term no_term = {"", NPS_MZSPECLIB_OTHER, 0};

static const struct {
    const char *name;
    nps_mzspeclib_section section;
    bool has_key, has_set;
} sections[] = {
    {"mzSpecLib", NPS_MZSPECLIB_LIBRARY, false, false},
    {"Spectrum", NPS_MZSPECLIB_SPECTRUM, true, true},
    {"Analyte", NPS_MZSPECLIB_ANALYTE, true, true},
    {"Interpretation", NPS_MZSPECLIB_INTERPRETATION, true, true},
    {"InterpretationMember", NPS_MZSPECLIB_MEMBER, true, false},
    {"Peaks", NPS_MZSPECLIB_PEAKS, false, false},
    {"Cluster", NPS_MZSPECLIB_CLUSTER, true, true},
};

bool nps_mzspeclib_parse_tag(nps_span line, nps_mzspeclib_tag *ret_tag)
{
    static const char set[] = "AttributeSet ";
    if (line.n < 2 || line.p[0] != '<' || line.p[line.n - 1] != '>')
        return false;
    nps_mzspeclib_tag tag = {0};
    nps_span name = {line.p + 1, line.n - 2};
    /* Drafts gave the version inside the tag. */
    if (nps_span_is(name, "mzSpecLib") || nps_span_starts(name, "mzSpecLib ")) {
        *ret_tag = (nps_mzspeclib_tag){.section = NPS_MZSPECLIB_LIBRARY};
        return true;
    }
    tag.is_set = nps_span_starts(name, set);
    if (tag.is_set) {
        name.p += sizeof set - 1;
        name.n -= sizeof set - 1;
    }
    bool has_key = nps_span_split(name, '=', &name, &tag.key);
    for (size_t i = 1; i < sizeof sections / sizeof *sections; i++)
        if (nps_span_is(name, sections[i].name) && has_key == sections[i].has_key &&
            (!tag.is_set || sections[i].has_set)) {
            tag.section = sections[i].section;
            *ret_tag = tag;
            return true;
        }
    return false;
}

static const nps_mzspeclib_term *find_term(nps_span accession)
{
    for (size_t i = 0; i < sizeof terms / sizeof *terms; i++)
        if (nps_span_is(accession, terms[i].accession))
            return &terms[i];
    return &no_term;
}

/* "MS:1000744": letters, a colon, and no blank. */
static bool is_accession(nps_span v)
{
    size_t i = 0;
    while (i < v.n && ((v.p[i] >= 'A' && v.p[i] <= 'Z') || (v.p[i] >= 'a' && v.p[i] <= 'z')))
        i++;
    return i && i + 1 < v.n && v.p[i] == ':' && !memchr(v.p, ' ', v.n);
}

bool nps_mzspeclib_parse_attribute(nps_span line, nps_mzspeclib_attribute *ret_attribute)
{
    nps_mzspeclib_attribute a = {0};
    nps_span rest = line, group;
    if (line.n && line.p[0] == '[') {
        if (!nps_span_split((nps_span){line.p + 1, line.n - 1}, ']', &group, &rest) || !nps_span_u64(group, &a.group))
            return false;
    }
    if (!nps_span_split(rest, '|', &a.accession, &rest) || !is_accession(a.accession) ||
        !nps_span_split(rest, '=', &a.name, &a.value) || !a.name.n)
        return false;
    a.term = find_term(a.accession);
    *ret_attribute = a;
    return true;
}

nps_span nps_mzspeclib_value_name(nps_span value)
{
    nps_span accession, name;
    return nps_span_split(value, '|', &accession, &name) && is_accession(accession) ? name : value;
}

bool nps_mzspeclib_value_is(nps_span value, const char *accession)
{
    nps_span front = value, name;
    nps_span_split(value, '|', &front, &name);
    return nps_span_is(front, accession);
}
