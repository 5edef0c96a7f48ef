-- SPDX-License-Identifier: Apache-2.0
-- wrk's side of the benchmark: sends requests that were made (and signed) beforehand. Arguments, after wrk's "--":
--   file of requests, "once" or "reads", connections
-- The file holds, for each request, its length in bytes on a line, then the request as it goes over the wire.

dofile(debug.getinfo(1, "S").source:sub(2):match("^(.*)/") .. "/../../control-plane/load/frame.lua")

serve(function(arguments)
    local path, mode, connections = unpack(arguments)
    local requests = {}
    local file = assert(io.open(path, "rb"))
    while true do
        local line = file:read("*l")
        if not line then
            break
        end
        requests[#requests + 1] = file:read(tonumber(line))
    end
    file:close()
    return #requests, mode, connections, function(number)
        return requests[number + 1]
    end
end)
