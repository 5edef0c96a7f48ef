// SPDX-License-Identifier: Apache-2.0
import FlowDomain
import PostgreSQL

/// Reads rows of connector profiles, custom connectors and uses, in the column order of the statements that select them.
enum ResourceRows {
    static let profileColumns = """
        p.uuid, p.account, p.name, p.version, p.connector_type, p.connector_label, p.connection_mode, p.properties,
        p.sealed_credentials, p.kms_arn, p.private_status, millrace_microseconds(p.created_at),
        millrace_microseconds(p.updated_at), p.created_by, p.updated_by
        """

    static let connectorColumns = """
        c.uuid, c.account, c.label, c.version, c.description, c.provisioning_type, c.provisioning_config,
        millrace_microseconds(c.created_at), millrace_microseconds(c.updated_at), c.created_by, c.updated_by
        """

    static func profile(_ rows: SQLRows, _ row: Int) -> ProfileRecord {
        ProfileRecord(
            uuid: rows.text(row, 0) ?? "", account: rows.text(row, 1) ?? "", name: rows.text(row, 2) ?? "",
            version: rows.int(row, 3) ?? 0, connectorType: rows.text(row, 4) ?? "", connectorLabel: rows.text(row, 5),
            connectionMode: rows.text(row, 6) ?? "", properties: rows.text(row, 7) ?? "{}",
            sealedCredentials: rows.text(row, 8), kmsArn: rows.text(row, 9),
            privateConnectionStatus: rows.text(row, 10), createdAt: rows.int(row, 11) ?? 0,
            updatedAt: rows.int(row, 12) ?? 0, createdBy: rows.text(row, 13) ?? "", updatedBy: rows.text(row, 14) ?? "")
    }

    static func connector(_ rows: SQLRows, _ row: Int) -> ConnectorRegistration {
        ConnectorRegistration(
            uuid: rows.text(row, 0) ?? "", account: rows.text(row, 1) ?? "", name: rows.text(row, 2) ?? "",
            version: rows.int(row, 3) ?? 0, description: rows.text(row, 4),
            provisioningType: rows.text(row, 5) ?? "", provisioningConfig: rows.text(row, 6) ?? "{}",
            createdAt: rows.int(row, 7) ?? 0, updatedAt: rows.int(row, 8) ?? 0, createdBy: rows.text(row, 9) ?? "",
            updatedBy: rows.text(row, 10) ?? "")
    }

    static func uses(_ rows: SQLRows) -> [UseTable.Use] {
        (0..<rows.count).map { row in
            UseTable.Use(
                key: FlowKey(account: rows.text(row, 0) ?? "", name: rows.text(row, 1) ?? ""),
                userUUID: rows.text(row, 2) ?? "", userName: rows.text(row, 3) ?? "")
        }
    }
}
