// SPDX-License-Identifier: Apache-2.0

/// Monitoring and security. Their APIs have no operation that describes fields: the lists are theirs.
enum TelemetryConnectors {
    static let all = [datadog, dynatrace, trendmicro]

    static let datadog = Connector(
        type: "Datadog", name: "Datadog", description: "Metrics, logs and events of Datadog.",
        source: .init(fastest: .byMinute, destinations: DestinationLists.withoutLookout),
        authentication: .init(apiKey: true), apiVersions: ["v2", "v1"],
        entities: """
            metrics "Metrics" metric:string display_name:string scope:string expression:string aggr:string \
            interval:integer length:integer query_index:integer tag_set:list unit:struct start:long end:long \
            timestamp:datetime~ value:double query:string
            metric_list "Metric List" name:string*
            logs "Logs" id:string* attributes.timestamp:datetime~ attributes.host:string attributes.service:string \
            attributes.status:string attributes.message:string attributes.tags:list attributes.attributes:struct \
            query:string
            events "Events" id:long* title:string text:string date_happened:datetime~ host:string priority:string \
            alert_type:string tags:list url:string query:string
            monitors "Monitors" id:long* name:string type:string query:string message:string overall_state:string \
            tags:list options:struct created:datetime modified:datetime~
            dashboards "Dashboards" id:string* title:string description:string author_handle:string layout_type:string \
            url:string created_at:datetime modified_at:datetime~
            hosts "Hosts" id:long* name:string host_name:string up:boolean apps:list aliases:list sources:list \
            meta:struct last_reported_time:datetime~
            slos "Service Level Objectives" id:string* name:string description:string type:string tags:list \
            thresholds:list created_at:datetime modified_at:datetime~
            downtimes "Downtimes" id:long* active:boolean message:string scope:list start:datetime end:datetime \
            modified:datetime~
            synthetic_tests "Synthetic Tests" public_id:string* name:string type:string status:string tags:list
            incidents "Incidents" id:string* attributes.title:string attributes.created:datetime \
            attributes.modified:datetime~
            users "Users" id:string* attributes.name:string attributes.email:string attributes.status:string \
            attributes.created_at:datetime attributes.modified_at:datetime~
            audit_logs "Audit Logs" id:string* attributes.timestamp:datetime~ attributes.message:string \
            attributes.attributes:struct
            """)

    static let dynatrace = Connector(
        type: "Dynatrace", name: "Dynatrace", description: "Problems, events and metrics of Dynatrace.",
        source: .init(fastest: .byMinute, destinations: DestinationLists.common),
        authentication: .init(apiKey: true), apiVersions: ["v2"],
        entities: """
            problems "Problems" problemId:string* displayId:string title:string impactLevel:string \
            severityLevel:string status:string startTime:long~ endTime:long affectedEntities:list impactedEntities:list \
            rootCauseEntity:struct managementZones:list entityTags:list problemFilters:list
            events "Events" eventId:string* eventType:string title:string entityId:struct startTime:long~ endTime:long \
            status:string correlationId:string properties:list entityTags:list managementZones:list \
            suppressAlert:boolean suppressProblem:boolean underMaintenance:boolean frequentEvent:boolean
            metrics "Metrics" metricId:string* displayName:string description:string unit:string
            metric_data "Metric Data" metricId:string dimensions:list timestamp:long~ value:double
            entities "Entities" entityId:string* type:string displayName:string firstSeenTms:long lastSeenTms:long~ \
            properties:struct tags:list managementZones:list
            entity_types "Entity Types" type:string* displayName:string properties:list
            event_types "Event Types" type:string* displayName:string severityLevel:string description:string
            audit_logs "Audit Logs" logId:string* timestamp:long~ eventType:string category:string entityId:string \
            user:string userType:string success:boolean
            logs "Logs" timestamp:long~ status:string content:string additionalColumns:struct
            slos "Service Level Objectives" id:string* name:string description:string enabled:boolean \
            evaluatedPercentage:double target:double warning:double status:string
            security_problems "Security Problems" securityProblemId:string* displayId:string title:string \
            status:string technology:string firstSeenTimestamp:long~ lastUpdatedTimestamp:long
            """)

    static let trendmicro = Connector(
        type: "Trendmicro", name: "Trend Micro", description: "Workload security records of Trend Micro.",
        source: .init(fastest: .hourly, destinations: DestinationLists.common),
        authentication: .init(apiKey: true), hasPrivateLink: true, apiVersions: ["v1"],
        entities: """
            computers "Computers" ID:integer* hostName:string displayName:string description:string lastIPUsed:string \
            platform:string groupID:integer policyID:integer assetImportanceID:integer relayListID:integer \
            agentVersion:string agentFingerPrint:string lastAgentCommunication:long lastSendPolicyRequest:long \
            lastSendPolicySuccess:long computerStatus:struct securityUpdates:struct computerSettings:struct \
            interfaces:struct biosUUID:string hostGUID:string antiMalware:struct webReputation:struct firewall:struct \
            intrusionPrevention:struct integrityMonitoring:struct logInspection:struct applicationControl:struct
            policies "Policies" ID:integer* parentID:integer name:string description:string policySettings:struct \
            recommendationScanMode:string autoRequiresUpdate:string interfaceTypes:struct
            computergroups "Computer Groups" ID:integer* type:string name:string description:string \
            parentGroupID:integer directoryID:integer externalID:string cloudType:string amazonAccountID:string
            intrusionpreventionrules "Intrusion Prevention Rules" ID:integer* name:string description:string \
            minimumAgentVersion:string applicationTypeID:integer priority:string severity:string detectOnly:boolean \
            type:string lastUpdated:long identifier:string CVSSScore:string CVE:list
            administrators "Administrators" ID:integer* username:string fullName:string description:string \
            roleID:integer active:boolean emailAddress:string created:long lastSignIn:long
            apikeys "API Keys" ID:integer* keyName:string description:string locale:string roleID:integer \
            timeZone:string active:boolean created:long lastSignIn:long expiryDate:long
            """)
}
