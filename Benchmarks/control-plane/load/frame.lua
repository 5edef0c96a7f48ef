-- SPDX-License-Identifier: Apache-2.0
-- What wrk's scripts share: each of so many requests once, or in a circle, and an account of the answers. A script says
-- `dofile` of this file, then `serve(prepare)`; prepare(arguments) answers
--   how many requests there are, "once", "circle" or "reads", connections, and a function that gives request N (from 0)
-- "reads" is a circle, too, in which nothing is told of an answer but whether it was a success.
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

-- Counts an answer. wrk copies each into Lua for it, which costs more than all else that it does: reads do without, since
-- wrk itself counts what was no success.
local function look(status, headers, body)
    answers = answers + 1
    if status == 200 then
        accepted = accepted + 1
        last = now()
    elseif status == 409 then
        conflicts = conflicts + 1
    elseif status == 503 or status == 429 then
        unavailable = unavailable + 1
    else
        others = others + 1
        last_error = status .. " " .. body
    end
    if not circle and answers == enough then
        -- wrk sleeps for its whole duration unless it is interrupted.
        wrk.thread:stop()
        ffi.C.kill(ffi.C.getpid(), INTERRUPT)
    end
end

function serve(prepare)
    local count, make

    function init(arguments)
        local mode, connections
        count, mode, connections, make = prepare(arguments)
        circle = mode ~= "once"
        reads = mode == "reads"
        if not reads then
            response = look
        end
        sent = -1  -- wrk asks for one request beforehand, to look at it
        -- When the last request is sent others are still under way; by this many answers they have come.
        enough = count + tonumber(connections)
        answers, accepted, conflicts, unavailable, others = 0, 0, 0, 0, 0
        first, last = 0, 0
    end

    function request()
        if sent == 0 then
            first = now()
        end
        -- Once through, the last request is sent again until all answers have come: refused as a duplicate, without harm.
        local number = circle and sent % count or math.max(0, math.min(sent, count - 1))
        sent = sent + 1
        return make(number)
    end
end

function done(summary, latency, requests)
    local function of(name)
        return worker:get(name)
    end
    if of("last_error") then
        io.write("unexpected answer: ", of("last_error"), "\n")
    end
    local e = summary.errors
    local seconds, accepted, others = of("last") - of("first"), of("accepted"), of("others")
    if of("reads") then
        seconds, accepted, others = summary.duration / 1e6, summary.requests - e.status, e.status
    end
    io.write(string.format(
        '{"seconds":%.6f,"accepted":%d,"conflicts":%d,"unavailable":%d,"others":%d,"broken":%d,'
            .. '"p50":%.3f,"p99":%.3f,"worst":%.3f}\n',
        seconds, accepted, of("conflicts"), of("unavailable"), others,
        e.connect + e.read + e.write + e.timeout,
        latency:percentile(50) / 1000, latency:percentile(99) / 1000, latency.max / 1000))
end
