/* The gate before everything that computes: first come, first served, a bounded queue and a bounded wait. */
#ifndef NPS_SERVICE_GATE_H
#define NPS_SERVICE_GATE_H

#include "core/err.h"

#include <stddef.h>
#include <stdint.h>

typedef struct nps_gate nps_gate;

/* @param n_slots  1 .. 64;  @param max_queue  callers that may wait */
NPS_MUST_CHECK nps_status nps_gate_new(unsigned n_slots, unsigned max_queue, nps_gate **ret_gate, nps_err *err);
void nps_gate_free(nps_gate *g); /* nobody is inside or waits */

/* Takes a slot, waiting at most max_wait_ms. *ret_slot (0 .. n_slots - 1) is the caller's alone until nps_gate_leave.
 * Errors: NPS_E_BUSY at once when the queue is full, or when the wait is over. Any thread. */
NPS_MUST_CHECK nps_status nps_gate_enter(nps_gate *g, int64_t max_wait_ms, unsigned *ret_slot, nps_err *err);
void nps_gate_leave(nps_gate *g, unsigned slot);

typedef struct {
    unsigned slots, busy, waiting;
    uint64_t refused; /* since the start */
    int64_t full_ms;  /* how long every slot has been taken and none given back; 0 while one is free */
} nps_gate_state;
nps_gate_state nps_gate_look(nps_gate *g);

#endif
