// Only what Swift cannot import by itself: see the bridge target for use.
#pragma once
#include <libpq-fe.h>

// The PG_DIAG_ codes are macros of character literals, which Swift does not import.
static const int millrace_pg_diag_severity = PG_DIAG_SEVERITY_NONLOCALIZED;
static const int millrace_pg_diag_sqlstate = PG_DIAG_SQLSTATE;
static const int millrace_pg_diag_message_primary = PG_DIAG_MESSAGE_PRIMARY;
static const int millrace_pg_diag_message_detail = PG_DIAG_MESSAGE_DETAIL;
static const int millrace_pg_diag_constraint_name = PG_DIAG_CONSTRAINT_NAME;
