// SPDX-License-Identifier: Apache-2.0

/// Business applications: most list their objects themselves; the entities here are the standard ones.
enum ApplicationConnectors {
    static let all = [salesforce, pardot, serviceNow, zendesk, slack, veeva, sap, inforNexus]

    private static let salesforceTokens = [
        "https://login.salesforce.com/services/oauth2/token", "https://test.salesforce.com/services/oauth2/token",
    ]
    private static let salesforceLogins = [
        "https://login.salesforce.com/services/oauth2/authorize",
        "https://test.salesforce.com/services/oauth2/authorize",
    ]

    static let salesforce = Connector(
        type: "Salesforce", name: "Salesforce", description: "Objects and events of Salesforce.",
        source: .init(
            triggers: [.scheduled, .onDemand, .event], fastest: .byMinute, destinations: DestinationLists.salesforce,
            dataTransferAPIs: [("AUTOMATIC", "AUTOMATIC"), ("BULKV2", "ASYNC"), ("REST_SYNC", "SYNC")]),
        destination: .init(writeOperations: ["INSERT", "UPSERT", "UPDATE", "DELETE"]),
        authentication: .init(
            oAuth2: .init(
                scopes: ["api", "refresh_token"], tokenURLs: salesforceTokens, authCodeURLs: salesforceLogins,
                grants: ["AUTHORIZATION_CODE", "JWT_BEARER"])),
        hasPrivateLink: true, apiVersions: ["58.0", "55.0", "50.0", "47.0"],
        entities: """
            Account "Account" Id:id*+ Name:string+ Type:picklist+ Industry:picklist+ Phone:phone+ Website:url+ \
            Description:textarea+ AnnualRevenue:currency+ NumberOfEmployees:int+ BillingStreet:textarea+ BillingCity:string+ \
            BillingState:string+ BillingPostalCode:string+ BillingCountry:string+ BillingAddress:address ParentId:reference+ \
            OwnerId:reference+ IsDeleted:boolean CreatedDate:datetime~ LastModifiedDate:datetime~ SystemModstamp:datetime~
            Contact "Contact" Id:id*+ AccountId:reference+ FirstName:string+ LastName:string+ Name:string Email:string+ \
            Phone:phone+ MobilePhone:phone+ Title:string+ Department:string+ Birthdate:date+ OwnerId:reference+ \
            IsDeleted:boolean CreatedDate:datetime~ LastModifiedDate:datetime~ SystemModstamp:datetime~
            Lead "Lead" Id:id*+ FirstName:string+ LastName:string+ Company:string+ Email:string+ Phone:phone+ Status:picklist+ \
            LeadSource:picklist+ Industry:picklist+ IsConverted:boolean OwnerId:reference+ IsDeleted:boolean \
            CreatedDate:datetime~ LastModifiedDate:datetime~ SystemModstamp:datetime~
            Opportunity "Opportunity" Id:id*+ AccountId:reference+ Name:string+ StageName:picklist+ Amount:currency+ \
            Probability:double+ CloseDate:date+ Type:picklist+ LeadSource:picklist+ IsClosed:boolean IsWon:boolean \
            OwnerId:reference+ IsDeleted:boolean CreatedDate:datetime~ LastModifiedDate:datetime~ SystemModstamp:datetime~
            Case "Case" Id:id*+ CaseNumber:string AccountId:reference+ ContactId:reference+ Subject:string+ \
            Description:textarea+ Status:picklist+ Priority:picklist+ Origin:picklist+ IsClosed:boolean ClosedDate:datetime \
            OwnerId:reference+ IsDeleted:boolean CreatedDate:datetime~ LastModifiedDate:datetime~ SystemModstamp:datetime~
            Task "Task" Id:id*+ WhoId:reference+ WhatId:reference+ Subject:string+ ActivityDate:date+ Status:picklist+ \
            Priority:picklist+ OwnerId:reference+ IsDeleted:boolean CreatedDate:datetime~ LastModifiedDate:datetime~ \
            SystemModstamp:datetime~
            Campaign "Campaign" Id:id*+ Name:string+ Type:picklist+ Status:picklist+ StartDate:date+ EndDate:date+ \
            BudgetedCost:currency+ ActualCost:currency+ IsActive:boolean+ OwnerId:reference+ IsDeleted:boolean \
            CreatedDate:datetime~ LastModifiedDate:datetime~ SystemModstamp:datetime~
            User "User" Id:id*+ Username:string+ FirstName:string+ LastName:string+ Name:string Email:string+ \
            IsActive:boolean+ CreatedDate:datetime~ LastModifiedDate:datetime~ SystemModstamp:datetime~
            AccountChangeEvent "Account Change Event" ReplayId:string ChangeEventHeader:struct Id:id* Name:string
            ContactChangeEvent "Contact Change Event" ReplayId:string ChangeEventHeader:struct Id:id* Name:string
            """)

    static let pardot = Connector(
        type: "Pardot", name: "Salesforce Pardot", description: "Marketing records of Salesforce Pardot.",
        source: .init(fastest: .byMinute, destinations: DestinationLists.salesforce),
        authentication: .init(
            oAuth2: .init(
                scopes: ["pardot_api", "refresh_token"], tokenURLs: salesforceTokens, authCodeURLs: salesforceLogins)),
        apiVersions: ["v4"],
        entities: """
            campaign "Campaign" id:integer* name:string cost:integer
            emailClick "Email Click" id:integer* prospect_id:integer url:string list_email_id:integer \
            drip_program_action_id:integer email_template_id:integer tracker_redirect_id:integer created_at:datetime~
            list "List" id:integer* name:string is_public:boolean is_dynamic:boolean title:string description:string \
            is_crm_visible:boolean created_at:datetime updated_at:datetime~
            listMembership "List Membership" id:integer* list_id:integer prospect_id:integer opted_out:boolean \
            created_at:datetime updated_at:datetime~
            opportunity "Opportunity" id:integer* campaign_id:integer name:string value:double probability:integer \
            type:string stage:string status:string closed_at:datetime created_at:datetime~ updated_at:datetime
            prospect "Prospect" id:integer* email:string first_name:string last_name:string company:string score:integer \
            created_at:datetime updated_at:datetime~
            prospectAccount "Prospect Account" id:integer* name:string created_at:datetime updated_at:datetime~
            user "User" id:integer* email:string first_name:string last_name:string job_title:string role:string \
            created_at:datetime~ updated_at:datetime
            visitor "Visitor" id:integer* prospect_id:integer created_at:datetime updated_at:datetime~
            visitorActivity "Visitor Activity" id:integer* visitor_id:integer prospect_id:integer type:integer \
            created_at:datetime~
            visit "Visit" id:integer* visitor_id:integer prospect_id:integer visitor_page_view_count:integer \
            first_visitor_page_view_at:datetime last_visitor_page_view_at:datetime duration_in_seconds:integer \
            campaign_parameter:string medium_parameter:string source_parameter:string content_parameter:string \
            term_parameter:string created_at:datetime~ updated_at:datetime
            """)

    static let serviceNow = Connector(
        type: "Servicenow", name: "ServiceNow", description: "Tables of ServiceNow.",
        source: .init(fastest: .byMinute, destinations: DestinationLists.common),
        authentication: .init(basic: true, oAuth2: .init(scopes: ["useraccount"])),
        entities: """
            incident "Incident" sys_id:string* number:string short_description:string description:string state:integer \
            impact:integer urgency:integer priority:integer active:boolean category:string assigned_to:string \
            assignment_group:string caller_id:string opened_at:datetime closed_at:datetime sys_created_on:datetime~ \
            sys_updated_on:datetime~
            problem "Problem" sys_id:string* number:string short_description:string state:integer priority:integer \
            active:boolean assigned_to:string opened_at:datetime sys_created_on:datetime~ sys_updated_on:datetime~
            change_request "Change Request" sys_id:string* number:string short_description:string state:integer \
            risk:integer priority:integer active:boolean start_date:datetime end_date:datetime sys_created_on:datetime~ \
            sys_updated_on:datetime~
            task "Task" sys_id:string* number:string short_description:string state:integer priority:integer \
            active:boolean sys_class_name:string sys_created_on:datetime~ sys_updated_on:datetime~
            sys_user "User" sys_id:string* user_name:string first_name:string last_name:string email:string active:boolean \
            sys_created_on:datetime~ sys_updated_on:datetime~
            """)

    static let zendesk = Connector(
        type: "Zendesk", name: "Zendesk", description: "Tickets, users and organizations of Zendesk Support.",
        source: .init(fastest: .byMinute, destinations: DestinationLists.common),
        destination: .init(writeOperations: ["INSERT", "UPSERT", "UPDATE"]),
        authentication: .init(oAuth2: .init(scopes: ["read", "write"])), apiVersions: ["v2"],
        entities: """
            tickets "Tickets" id:long* external_id:string+ subject:string+ description:string type:string+ \
            priority:string+ status:string+ requester_id:long+ submitter_id:long+ assignee_id:long+ group_id:long+ \
            organization_id:long+ brand_id:long+ ticket_form_id:long+ tags:list+ custom_fields:list+ due_at:datetime+ \
            created_at:datetime updated_at:datetime~
            users "Users" id:long* external_id:string+ name:string+ email:string+ phone:string+ role:string+ \
            organization_id:long+ active:boolean verified:boolean+ user_fields:struct+ tags:list+ created_at:datetime \
            updated_at:datetime~
            organizations "Organizations" id:long* external_id:string+ name:string+ details:string+ notes:string+ \
            group_id:long+ domain_names:list+ organization_fields:struct+ tags:list+ created_at:datetime updated_at:datetime~
            groups "Groups" id:long* name:string description:string created_at:datetime updated_at:datetime~
            brands "Brands" id:long* name:string subdomain:string active:boolean created_at:datetime updated_at:datetime~
            ticket_fields "Ticket Fields" id:long* type:string title:string active:boolean created_at:datetime \
            updated_at:datetime~
            ticket_metrics "Ticket Metrics" id:long* ticket_id:long reopens:integer replies:integer created_at:datetime \
            updated_at:datetime~
            satisfaction_ratings "Satisfaction Ratings" id:long* ticket_id:long score:string comment:string \
            created_at:datetime updated_at:datetime~
            """)

    static let slack = Connector(
        type: "Slack", name: "Slack", description: "Conversations of a Slack workspace.",
        source: .init(fastest: .byMinute, destinations: DestinationLists.withoutLookout),
        authentication: .init(
            oAuth2: .init(
                scopes: [
                    "channels:history", "channels:read", "groups:history", "groups:read", "im:history", "im:read",
                    "mpim:history", "mpim:read",
                ], tokenURLs: ["https://slack.com/api/oauth.v2.access"],
                authCodeURLs: ["https://slack.com/oauth/v2/authorize"])),
        entities: """
            conversations/ "Conversations" ts:string*~ type:string subtype:string user:string bot_id:string \
            username:string text:string thread_ts:string parent_user_id:string reply_count:integer \
            reply_users_count:integer reply_users:list latest_reply:string subscribed:boolean team:string \
            client_msg_id:string app_id:string blocks:list attachments:list files:list reactions:list edited:struct \
            topic:string purpose:string inviter:string is_locked:boolean permalink:string
            users "Users" id:string* team_id:string name:string deleted:boolean real_name:string tz:string \
            tz_label:string tz_offset:integer profile:struct is_admin:boolean is_owner:boolean updated:datetime~
            channels "Channels" id:string* name:string created:datetime creator:string is_archived:boolean \
            is_private:boolean is_member:boolean num_members:integer topic:struct purpose:struct updated:datetime~
            """)

    static let veeva = Connector(
        type: "Veeva", name: "Veeva", description: "Objects and documents of a Veeva Vault.",
        source: .init(fastest: .byMinute, destinations: DestinationLists.common),
        authentication: .init(basic: true), apiVersions: ["v24.3"], dataTransferTypes: ["RECORD", "FILE"],
        entities: """
            documents "Documents" id:long* version_id:string name__v:string type__v:string subtype__v:string \
            classification__v:string title__v:string document_number__v:string status__v:string lifecycle__v:string \
            major_version_number__v:integer minor_version_number__v:integer document_creation_date__v:datetime \
            version_modified_date__v:datetime~
            product__v "Product" id:string* name__v:string status__v:picklist created_by__v:reference \
            created_date__v:datetime~ modified_by__v:reference modified_date__v:datetime~
            country__v "Country" id:string* name__v:string status__v:picklist created_date__v:datetime~ \
            modified_date__v:datetime~
            """)

    static let sap = Connector(
        type: "SAPOData", name: "SAP OData", description: "Entity sets of SAP systems, by OData.",
        source: .init(
            fastest: .byMinute, destinations: DestinationLists.sap, entityMember: "objectPath"),
        destination: .init(writeOperations: ["INSERT", "UPSERT", "UPDATE"], entityMember: "objectPath"),
        authentication: .init(basic: true, oAuth2: .init()), hasPrivateLink: true, needsPrivateLinkURL: true,
        apiVersions: ["2.0", "4.0"])

    static let inforNexus = Connector(
        type: "Infornexus", name: "Infor Nexus", description: "Supply chain documents of Infor Nexus.",
        source: .init(fastest: .byMinute, destinations: DestinationLists.common),
        authentication: .init(
            custom: [("accessKeyId", true), ("userId", false), ("secretAccessKey", true), ("datakey", true)]),
        apiVersions: ["3.1"],
        entities: """
            OrderDetail "Order Detail" orderUid:number* poNumber:string contractNumber:string revisionNumber:string \
            orderType:string priorityType:string orderStatusCode:string orderFunctionCode:string orderClassType:string \
            orderTerms:struct totals:struct orderItem:list attachment:list party:map __metadata.createTimestamp:datetime \
            __metadata.modifyTimestamp:datetime~
            InvoiceDetail "Invoice Detail" invoiceUid:number* invoiceNumber:string invoiceTypeCode:string \
            invoiceFunctionCode:string invoiceTerms:struct invoiceTotals:struct invoiceItem:list party:map \
            __metadata.createTimestamp:datetime __metadata.modifyTimestamp:datetime~
            PackingListDetail "Packing List Detail" packingListUid:number* packingListNumber:string revisionNumber:string \
            packingListFunctionCode:string reopenCount:number notes:string shipmentItem:list packageDetail:list party:map \
            __metadata.createTimestamp:datetime __metadata.modifyTimestamp:datetime~
            Party "Party" partyUid:number* divisionUid:number memberId:number partyRoleCode:string name:string \
            longName:string address:struct identification:map contact:struct
            """)
}
