-- SPDX-License-Identifier: Apache-2.0
-- The functions between microseconds and timestamps say what PostgreSQL says of the operators in them: STABLE. Declared
-- IMMUTABLE they could not be inlined, and each call cost a microsecond and a half, four of them in every flow of a list.

ALTER FUNCTION millrace_time(bigint) STABLE;
ALTER FUNCTION millrace_microseconds(timestamptz) STABLE;
