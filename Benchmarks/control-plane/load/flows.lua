-- SPDX-License-Identifier: Apache-2.0
-- wrk's side of the benchmark: one request per flow, each flow once or in a circle. Arguments, after wrk's "--":
--   operation (create-flow or start-flow), how many flows, "once" or "circle", connections

dofile(debug.getinfo(1, "S").source:sub(2):match("^(.*)/") .. "/frame.lua")

local CREATE = [[{"flowName":"bench-%06d","triggerConfig":{"triggerType":"OnDemand"},]]
    .. [["sourceFlowConfig":{"connectorType":"S3","sourceConnectorProperties":{"S3":{"bucketName":"bench-in",]]
    .. [["bucketPrefix":"one/","s3InputFormatConfig":{"s3InputFileType":"CSV"}}}},]]
    .. [["destinationFlowConfigList":[{"connectorType":"S3","destinationConnectorProperties":{"S3":]]
    .. [[{"bucketName":"bench-out"}}}],]]
    .. [["tasks":[{"taskType":"Filter","sourceFields":["id","name"],"connectorOperator":{"S3":"PROJECTION"}},]]
    .. [[{"taskType":"Map","sourceFields":["id"],"destinationField":"id","connectorOperator":{"S3":"NO_OP"}},]]
    .. [[{"taskType":"Map","sourceFields":["name"],"destinationField":"name","connectorOperator":{"S3":"NO_OP"}}]}]]
local START = [[{"flowName":"bench-%06d"}]]

serve(function(arguments)
    local operation, flows, mode, connections = unpack(arguments)
    local template = operation == "create-flow" and CREATE or START
    wrk.headers["Content-Type"] = "application/json"
    return tonumber(flows), mode, connections, function(number)
        return wrk.format("POST", "/" .. operation, nil, template:format(number))
    end
end)
