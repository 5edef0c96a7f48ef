// SPDX-License-Identifier: Apache-2.0

/// Marketing and product analytics.
enum MarketingConnectors {
    static let all = [marketo, googleAnalytics, amplitude, singular]

    static let marketo = Connector(
        type: "Marketo", name: "Marketo", description: "Leads and activities of Marketo.",
        source: .init(fastest: .hourly, destinations: DestinationLists.common),
        destination: .init(writeOperations: ["UPSERT"]),
        authentication: .init(oAuth2: .init(grants: ["CLIENT_CREDENTIALS"])), apiVersions: ["v1"],
        entities: """
            leads "Leads" id:integer* email:email+ firstName:string+ lastName:string+ company:string+ title:string+ \
            phone:phone+ website:url+ leadScore:integer+ leadSource:string+ leadStatus:string+ createdAt:datetime~ \
            updatedAt:datetime~
            activities/ "Activities" marketoGUID:string* leadId:integer activityDate:datetime~ activityTypeId:integer \
            campaignId:integer primaryAttributeValueId:integer primaryAttributeValue:string attributes:struct
            programs "Programs" id:integer* name:string description:string type:string channel:string status:string \
            workspace:string createdAt:datetime updatedAt:datetime~
            campaigns "Campaigns" id:integer* name:string type:string programName:string workspaceName:string \
            active:boolean createdAt:datetime updatedAt:datetime~
            lists "Lists" id:integer* name:string programName:string workspaceName:string createdAt:datetime \
            updatedAt:datetime~
            activity_types "Activity Types" id:integer* name:string description:string
            """)

    static let googleAnalytics = Connector(
        type: "Googleanalytics", name: "Google Analytics", description: "Dimensions and metrics of Google Analytics.",
        source: .init(
            triggers: [.scheduled, .onDemand], fastest: .daily, destinations: ["LookoutMetrics", "S3", "Upsolver"]),
        authentication: .init(
            oAuth2: .init(
                scopes: ["https://www.googleapis.com/auth/analytics.readonly"],
                tokenURLs: ["https://oauth2.googleapis.com/token"],
                authCodeURLs: ["https://accounts.google.com/o/oauth2/v2/auth"])),
        apiVersions: ["v4"])

    static let amplitude = Connector(
        type: "Amplitude", name: "Amplitude", description: "Events of Amplitude projects.",
        source: .init(triggers: [.scheduled, .onDemand], fastest: .daily, destinations: ["LookoutMetrics", "S3"]),
        authentication: .init(apiKey: true), apiVersions: ["2"],
        entities: """
            events "Events" uuid:string* server_upload_time:datetime~ server_received_time:datetime \
            client_event_time:datetime event_time:datetime client_upload_time:datetime processed_time:datetime \
            user_creation_time:datetime app:integer amplitude_id:long event_id:long session_id:long location_lat:double \
            location_lng:double is_attribution_event:boolean paying:string sample_rate:string event_properties:struct \
            user_properties:struct group_properties:struct groups:struct global_user_properties:struct data:struct \
            plan:struct amplitude_attribution_ids:string $schema:string $insert_id:string $insert_key:string \
            user_id:string device_id:string event_type:string amplitude_event_type:string platform:string os_name:string \
            os_version:string device_brand:string device_family:string device_manufacturer:string device_model:string \
            device_type:string device_carrier:string version_name:string start_version:string country:string \
            region:string city:string dma:string language:string library:string ip_address:string idfa:string \
            adid:string data_type:string source_id:string partner_id:string
            cohorts "Cohorts" id:string* name:string description:string size:integer lastMod:datetime~
            annotations "Annotations" id:string* date:date~ label:string details:string
            events_list "Events List" id:long* name:string
            active_users "Active Users" date:date*~ users:integer
            average_session_length "Average Session Length" date:date*~ length:double
            """)

    static let singular = Connector(
        type: "Singular", name: "Singular", description: "Campaign reports of Singular.",
        source: .init(fastest: .hourly, destinations: DestinationLists.common),
        authentication: .init(apiKey: true), hasPrivateLink: true, apiVersions: ["v2.0"],
        entities: """
            reporting "Reporting" app:string source:string os:string platform:string country_field:string \
            adn_campaign_name:string adn_campaign_id:string singular_campaign_id:string adn_sub_campaign_name:string \
            adn_sub_campaign_id:string adn_account_id:string keyword:string publisher_id:string adn_creative_name:string \
            campaign_status:string start_date:date~ end_date:date adn_impressions:double adn_cost:double \
            adn_original_cost:double custom_clicks:double custom_installs:double ctr:double cvr:double ecpi:double \
            adn_clicks:double adn_installs:double tracker_clicks:double tracker_installs:double revenue:double
            skadnetwork_raw "SKAdNetwork Raw" app:string source:string skan_campaign_id:string \
            skan_conversion_value:string skan_version:string start_date:date~ end_date:date skan_installs:double
            skadnetwork "SKAdNetwork" app:string source:string skan_campaign_id:string skan_conversion_value:string \
            start_date:date~ end_date:date skan_installs:double
            unified "Unified" app:string source:string start_date:date~ end_date:date unified_installs:double \
            unified_ecpi:double unified_cvr:double unified_ocvr:double unified_revenue:double
            """)
}
