-- SPDX-License-Identifier: Apache-2.0
-- wrk's side of the benchmark: sends requests that were made (and signed) beforehand. Arguments, after wrk's "--":
--   file of requests, "once" or "circle", connections
-- The file holds, for each request, its length in bytes on a line, then the request as it goes over the wire.
-- For one thread of wrk. The last line printed is JSON: what was answered, how fast.

local ffi = require("ffi")
ffi.cdef([[
    typedef struct { long seconds, nanoseconds; } moment;
    int clock_gettime(int clock, moment *now);
    int getpid(void);
    int kill(int pid, int signal);
]])
local moment = ffi.new("moment")
local MONOTONIC, INTERRUPT = 1, 2

local function now()
    ffi.C.clock_gettime(MONOTONIC, moment)
    return tonumber(moment.seconds) + tonumber(moment.nanoseconds) / 1e9
end

local worker

function setup(thread)
    worker = thread
end

local requests = {}

function init(arguments)
    local path, mode, connections = unpack(arguments)
    local file = assert(io.open(path, "rb"))
    while true do
        local line = file:read("*l")
        if not line then
            break
        end
        requests[#requests + 1] = file:read(tonumber(line))
    end
    file:close()
    circle = mode == "circle"
    sent = -1  -- wrk asks for one request beforehand, to look at it
    enough = #requests + tonumber(connections)
    answers, accepted, others = 0, 0, 0
    first, last = 0, 0
end

function request()
    if sent == 0 then
        first = now()
    end
    -- Once through, the last request is sent again until all answers have come: refused as a duplicate, without harm.
    local number = circle and sent % #requests or math.max(0, math.min(sent, #requests - 1))
    sent = sent + 1
    return requests[number + 1]
end

function response(status, headers, body)
    answers = answers + 1
    if status == 200 then
        accepted = accepted + 1
        last = now()
    elseif circle or status ~= 409 then
        others = others + 1
        last_error = status .. " " .. body
    end
    if not circle and answers == enough then
        -- wrk sleeps for its whole duration unless it is interrupted.
        wrk.thread:stop()
        ffi.C.kill(ffi.C.getpid(), INTERRUPT)
    end
end

function done(summary, latency, _)
    local function of(name)
        return worker:get(name)
    end
    if of("last_error") then
        io.write("unexpected answer: ", of("last_error"), "\n")
    end
    local e = summary.errors
    io.write(string.format(
        '{"seconds":%.6f,"accepted":%d,"others":%d,"broken":%d,"p50":%.3f,"p99":%.3f,"worst":%.3f}\n',
        of("last") - of("first"), of("accepted"), of("others"), e.connect + e.read + e.write + e.timeout,
        latency:percentile(50) / 1000, latency:percentile(99) / 1000, latency.max / 1000))
end
