// SPDX-License-Identifier: Apache-2.0
import PostgreSQL

/// The controllers' statements on connector profiles, custom connectors and their uses. All take arrays.
enum ResourceStatements {
    static let loadProfiles = SQLStatement(
        "load_profiles",
        """
        SELECT \(ResourceRows.profileColumns) FROM unnest($1::text[], $2::text[]) AS k (account, name)
        CROSS JOIN LATERAL (
            SELECT * FROM connector_profiles p WHERE p.account = k.account AND p.name = k.name OFFSET 0) p
        """)

    static let loadConnectors = SQLStatement(
        "load_connectors",
        """
        SELECT \(ResourceRows.connectorColumns) FROM unnest($1::text[], $2::text[]) AS k (account, name)
        CROSS JOIN LATERAL (
            SELECT * FROM connector_registrations c WHERE c.account = k.account AND c.label = k.name OFFSET 0) c
        """)

    static let lockProfiles = SQLStatement(
        "lock_profiles",
        """
        SELECT p.uuid FROM connector_profiles p
        JOIN unnest($1::text[], $2::text[]) AS k (account, name) USING (account, name)
        ORDER BY p.uuid FOR UPDATE OF p
        """)

    static let lockConnectors = SQLStatement(
        "lock_connectors",
        """
        SELECT c.uuid FROM connector_registrations c
        JOIN unnest($1::text[], $2::text[]) AS k (account, label) USING (account, label)
        ORDER BY c.uuid FOR UPDATE OF c
        """)

    static let loadProfileUses = SQLStatement(
        "load_profile_uses",
        """
        SELECT k.account, k.name, u.flow_uuid, u.flow_name FROM unnest($1::text[], $2::text[]) AS k (account, name)
        CROSS JOIN LATERAL (
            SELECT flow_uuid, flow_name FROM flow_profiles u WHERE u.account = k.account AND u.profile_name = k.name
            ORDER BY flow_name LIMIT $3) u
        """)

    static let loadConnectorUses = SQLStatement(
        "load_connector_uses",
        """
        SELECT k.account, k.name, u.uuid, u.name FROM unnest($1::text[], $2::text[]) AS k (account, name)
        CROSS JOIN LATERAL (
            SELECT p.uuid, p.name FROM connector_profiles p WHERE p.account = k.account AND p.connector_label = k.name
            ORDER BY p.name LIMIT $3) u
        """)

    static let insertProfiles = SQLStatement(
        "insert_profiles",
        """
        INSERT INTO connector_profiles (uuid, account, name, version, connector_type, connector_label, connection_mode,
            properties, sealed_credentials, kms_arn, private_status, created_at, updated_at, created_by, updated_by)
        SELECT uuid, account, name, version, type, label, mode, properties, sealed, kms_arn, private_status,
            millrace_time(created_at), millrace_time(updated_at), created_by, updated_by
        FROM unnest($1::uuid[], $2::text[], $3::text[], $4::bigint[], $5::text[], $6::text[], $7::text[], $8::text[],
            $9::text[], $10::text[], $11::text[], $12::bigint[], $13::bigint[], $14::text[], $15::text[])
            AS k (uuid, account, name, version, type, label, mode, properties, sealed, kms_arn, private_status,
                created_at, updated_at, created_by, updated_by)
        """)

    static let updateProfiles = SQLStatement(
        "update_profiles",
        """
        WITH u AS (
            UPDATE connector_profiles p SET version = k.version, connection_mode = k.mode, properties = k.properties,
                sealed_credentials = k.sealed, private_status = k.private_status, updated_at = millrace_time(k.at),
                updated_by = k.principal
            FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::text[],
                $8::bigint[], $9::text[])
                AS k (uuid, expected, version, mode, properties, sealed, private_status, at, principal)
            WHERE p.uuid = k.uuid AND p.version = k.expected
            RETURNING p.uuid
        )
        SELECT millrace_require((SELECT count(*) FROM u) = cardinality($1::uuid[]), 'profile version')
        """)

    static let countProfiles = SQLStatement(
        "count_profiles",
        """
        SELECT k.account, (SELECT count(*) FROM (SELECT FROM connector_profiles p WHERE p.account = k.account LIMIT $2) p)
        FROM unnest($1::text[]) AS k (account)
        """)

    static let deleteProfiles = SQLStatement(
        "delete_profiles",
        """
        WITH d AS (
            DELETE FROM connector_profiles p USING unnest($1::uuid[], $2::bigint[]) AS k (uuid, expected)
            WHERE p.uuid = k.uuid AND p.version = k.expected
            RETURNING p.uuid
        )
        SELECT millrace_require((SELECT count(*) FROM d) = cardinality($1::uuid[]), 'profile version')
        """)

    /// Profiles that flows begin to use. The lock makes a deletion wait, and then see the use.
    static let holdProfiles = SQLStatement(
        "hold_profiles",
        """
        WITH h AS (
            SELECT uuid FROM connector_profiles WHERE uuid = ANY ($1::uuid[]) ORDER BY uuid FOR KEY SHARE
        )
        SELECT millrace_require((SELECT count(*) FROM h) = cardinality($1::uuid[]), 'profile still there')
        """)

    /// A statement of its own, after the deletion: it sees whatever was committed while that one waited for its lock. In
    /// the order of the index, of which it takes the first: however many flows use the profile.
    static let requireUnusedProfiles = SQLStatement(
        "require_unused_profiles",
        """
        SELECT millrace_require(NOT EXISTS (
            SELECT 1 FROM unnest($1::text[], $2::text[]) AS k (account, name)
            CROSS JOIN LATERAL (
                SELECT FROM flow_profiles u WHERE u.account = k.account AND u.profile_name = k.name
                    AND u.flow_uuid <> ALL ($3::uuid[])
                ORDER BY flow_name LIMIT 1) u), 'profile not in use')
        """)

    /// Forgets what flows used.
    static let forgetProfileUses = SQLStatement(
        "forget_profile_uses", "DELETE FROM flow_profiles WHERE flow_uuid = ANY ($1::uuid[])")

    static let insertProfileUses = SQLStatement(
        "insert_profile_uses",
        """
        INSERT INTO flow_profiles (flow_uuid, account, flow_name, profile_name)
        SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[])
        """)

    static let insertConnectors = SQLStatement(
        "insert_connectors",
        """
        INSERT INTO connector_registrations (uuid, account, label, version, description, provisioning_type,
            provisioning_config, created_at, updated_at, created_by, updated_by)
        SELECT uuid, account, label, version, description, type, config, millrace_time(created_at),
            millrace_time(updated_at), created_by, updated_by
        FROM unnest($1::uuid[], $2::text[], $3::text[], $4::bigint[], $5::text[], $6::text[], $7::text[],
            $8::bigint[], $9::bigint[], $10::text[], $11::text[])
            AS k (uuid, account, label, version, description, type, config, created_at, updated_at, created_by,
                updated_by)
        """)

    static let updateConnectors = SQLStatement(
        "update_connectors",
        """
        WITH u AS (
            UPDATE connector_registrations c SET version = k.version, description = k.description,
                provisioning_config = k.config, updated_at = millrace_time(k.at), updated_by = k.principal
            FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::text[], $5::text[], $6::bigint[], $7::text[])
                AS k (uuid, expected, version, description, config, at, principal)
            WHERE c.uuid = k.uuid AND c.version = k.expected
            RETURNING c.uuid
        )
        SELECT millrace_require((SELECT count(*) FROM u) = cardinality($1::uuid[]), 'connector version')
        """)

    static let deleteConnectors = SQLStatement(
        "delete_connectors",
        """
        WITH d AS (
            DELETE FROM connector_registrations c USING unnest($1::uuid[], $2::bigint[]) AS k (uuid, expected)
            WHERE c.uuid = k.uuid AND c.version = k.expected
            RETURNING c.uuid
        )
        SELECT millrace_require((SELECT count(*) FROM d) = cardinality($1::uuid[]), 'connector version')
        """)

    static let holdConnectors = SQLStatement(
        "hold_connectors",
        """
        WITH h AS (
            SELECT uuid FROM connector_registrations WHERE uuid = ANY ($1::uuid[]) ORDER BY uuid FOR KEY SHARE
        )
        SELECT millrace_require((SELECT count(*) FROM h) = cardinality($1::uuid[]), 'connector still there')
        """)

    static let requireUnusedConnectors = SQLStatement(
        "require_unused_connectors",
        """
        SELECT millrace_require(NOT EXISTS (
            SELECT 1 FROM unnest($1::text[], $2::text[]) AS k (account, name)
            CROSS JOIN LATERAL (
                SELECT FROM connector_profiles p WHERE p.account = k.account AND p.connector_label = k.name
                    AND p.uuid <> ALL ($3::uuid[])
                ORDER BY p.name LIMIT 1) p), 'connector not in use')
        """)
}
