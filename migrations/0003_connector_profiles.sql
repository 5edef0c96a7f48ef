-- Connector profiles, custom connectors, and which flows use which profile.

CREATE TABLE connector_profiles (
    uuid               uuid PRIMARY KEY,
    account            text COLLATE "C" NOT NULL,
    name               text COLLATE "C" NOT NULL,
    version            bigint NOT NULL CHECK (version > 0),
    connector_type     text NOT NULL,
    connector_label    text COLLATE "C",
    connection_mode    text NOT NULL CHECK (connection_mode IN ('Public', 'Private')),
    -- As they were sent.
    properties         text NOT NULL,
    -- Sealed by the api for the workers' public key: millrace1.KEY-ID.EPHEMERAL-KEY.CIPHERTEXT. Never in the clear.
    sealed_credentials text CHECK (sealed_credentials LIKE 'millrace%.%.%.%'),
    kms_arn            text,
    private_status     text CHECK (private_status IN ('PENDING', 'CREATED', 'FAILED')),
    created_at         timestamptz NOT NULL,
    updated_at         timestamptz NOT NULL,
    created_by         text NOT NULL,
    updated_by         text NOT NULL,
    UNIQUE (account, name)
) WITH (fillfactor = 80);
CREATE INDEX connector_profiles_label ON connector_profiles (account, connector_label, name)
    WHERE connector_label IS NOT NULL;

CREATE TABLE connector_registrations (
    uuid                uuid PRIMARY KEY,
    account             text COLLATE "C" NOT NULL,
    label               text COLLATE "C" NOT NULL,
    version             bigint NOT NULL CHECK (version > 0),
    description         text,
    provisioning_type   text NOT NULL,
    -- As it was sent.
    provisioning_config text NOT NULL,
    created_at          timestamptz NOT NULL,
    updated_at          timestamptz NOT NULL,
    created_by          text NOT NULL,
    updated_by          text NOT NULL,
    UNIQUE (account, label)
) WITH (fillfactor = 80);

-- The profiles that the flows' current definitions name. By name: a profile that is deleted by force may be made anew.
CREATE TABLE flow_profiles (
    flow_uuid    uuid NOT NULL REFERENCES flows ON DELETE CASCADE,
    account      text COLLATE "C" NOT NULL,
    flow_name    text COLLATE "C" NOT NULL,
    profile_name text COLLATE "C" NOT NULL,
    PRIMARY KEY (flow_uuid, profile_name)
);
CREATE INDEX flow_profiles_profile ON flow_profiles (account, profile_name, flow_name);
