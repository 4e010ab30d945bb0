/* Short words for the store's files: a statement with its values in one call. Private to the store. */
#ifndef NPS_SERVICE_STORE_SQL_H
#define NPS_SERVICE_STORE_SQL_H

#include "service/db.h"

/* Begins a statement and binds its values. @param types  one letter a value: 't' const char * (NULL binds NULL), 'i' int64_t */
nps_query nps_ask(nps_db *db, const char *sql, const char *types, ...);

/* The same for a statement without rows, run to its end. */
NPS_MUST_CHECK nps_status nps_tell(nps_db *db, nps_err *err, const char *sql, const char *types, ...);

/* NPS_OK when the last statement changed a row; otherwise NPS_E_NOT_FOUND, "there is no such <what>". */
NPS_MUST_CHECK nps_status nps_told_one(nps_db *db, const char *what, nps_err *err);

/* Whether the statement, with its values, gives a row. */
NPS_MUST_CHECK nps_status nps_ask_exists(nps_db *db, bool *ret_exists, nps_err *err, const char *sql, const char *types, ...);

/* First number of the first row; `otherwise` without a row. */
NPS_MUST_CHECK nps_status nps_ask_i64(nps_db *db, int64_t otherwise, int64_t *ret_v, nps_err *err, const char *sql,
                                      const char *types, ...);

/* Text of a column into an array, cut to fit. */
#define NPS_GET_TEXT(q, column, to) nps_query_get_text((q), (column), (to), sizeof(to))

/* A list that doubles: makes room for one more item of `size` bytes. @param list  address of the item pointer */
NPS_MUST_CHECK nps_status nps_list_grow(void *list, size_t n, size_t size, nps_err *err);

#endif
