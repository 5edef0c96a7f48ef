// SPDX-License-Identifier: Apache-2.0

/// One thing that can be configured: an environment variable and the flag of the same name.
struct Setting: Sendable {
    let variable: String
    /// Shown by `--help`; empty means that there is none.
    let defaultValue: String
    let help: String
    /// Not shown by `--help`: it is for tests, or for what one role tells another that it starts.
    let isHidden: Bool

    init(_ variable: String, _ defaultValue: String = "", _ help: String, isHidden: Bool = false) {
        self.variable = variable
        self.defaultValue = defaultValue
        self.help = help
        self.isHidden = isHidden
    }

    /// `MILLRACE_LISTEN` becomes `--listen`, `DATABASE_URL` becomes `--database-url`.
    var flag: String {
        let name = variable.hasPrefix("MILLRACE_") ? String(variable.dropFirst("MILLRACE_".count)) : variable
        return "--" + name.lowercased().split(separator: "_").joined(separator: "-")
    }
}

extension Setting {
    static let logLevel = Setting("MILLRACE_LOG_LEVEL", "info", "debug, info, warning or error")
    static let shutdownSeconds = Setting("MILLRACE_SHUTDOWN_SECONDS", "20", "how long a stop may take")
    static let instance = Setting("MILLRACE_INSTANCE", "", "name of this instance; host name and process id by default")
    static let database = Setting("DATABASE_URL", "", "PostgreSQL; libpq's PG* variables where it is absent")
    static let migrations = Setting("MILLRACE_MIGRATIONS", "", "folder of the migrations; found beside the program")
    static let brokers = Setting(
        "KAFKA_BROKERS", "127.0.0.1:9092", "host:port list, or file:PATH of the embedded broker")
    static let kafkaProperties = Setting(
        "KAFKA_PROPERTIES", "", "librdkafka settings as name=value;name=value, or @FILE with a line for each")
    static let topicPrefix = Setting("MILLRACE_TOPIC_PREFIX", "millrace.", "put before the name of every topic")
    static let partitions = Setting("MILLRACE_PARTITIONS", "8", "partitions of topics that are created")
    static let replication = Setting("MILLRACE_REPLICATION", "1", "copies of topics that are created")
    static let region = Setting("AWS_REGION", "us-east-1", "region in ARNs and of requests to AWS services")
    static let account = Setting("MILLRACE_ACCOUNT_ID", "000000000000", "account of requests that name none")
    static let authentication = Setting(
        "MILLRACE_AUTH", "sigv4", "sigv4, or none (nobody is asked who they are; on loopback only)")
    static let credentialsFile = Setting(
        "MILLRACE_CREDENTIALS_FILE", "", "AWS-style file of the keys and tokens that may call; needed by sigv4")
    static let commandSeconds = Setting("MILLRACE_COMMAND_SECONDS", "10", "how long a client waits for its command")
    static let listen = Setting("MILLRACE_LISTEN", "127.0.0.1:8080", "address of the API")
    static let strict = Setting(
        "MILLRACE_STRICT", "off", "on: AppFlow's own limits bind where Millrace is more generous")
    static let flowQuota = Setting("MILLRACE_QUOTA_FLOWS", "", "flows an account may have; no limit by default")
    static let profileQuota = Setting(
        "MILLRACE_QUOTA_PROFILES", "", "connector profiles an account may have; no limit by default")
    static let slots = Setting("MILLRACE_WORKER_SLOTS", "16", "runs executed at the same time")
    static let leaseSeconds = Setting("MILLRACE_LEASE_SECONDS", "15", "a dead worker's runs are taken over after this")
    static let maximumAttempts = Setting("MILLRACE_MAX_ATTEMPTS", "5", "attempts of a run before it ends in error")
    static let retentionDays = Setting("MILLRACE_RUN_RETENTION_DAYS", "90", "how long ended runs are kept")
    static let bucketRoot = Setting(
        "MILLRACE_BUCKET_ROOT", "", "folder whose subfolders are the buckets, when no S3 endpoint is set")
    static let endpoint = Setting("AWS_ENDPOINT_URL", "", "endpoint of AWS services")
    static let s3Endpoint = Setting("AWS_ENDPOINT_URL_S3", "", "endpoint of S3; AWS_ENDPOINT_URL by default")
    static let kmsEndpoint = Setting(
        "AWS_ENDPOINT_URL_KMS", "",
        "endpoint of KMS, which wraps the credentials of profiles that name a key; AWS_ENDPOINT_URL by default")
    static let accessKey = Setting("AWS_ACCESS_KEY_ID", "", "key for the calls to S3 and KMS")
    static let secretKey = Setting("AWS_SECRET_ACCESS_KEY", "", "its secret")
    static let sessionToken = Setting("AWS_SESSION_TOKEN", "", "its session token")
    static let addressing = Setting("MILLRACE_S3_ADDRESSING", "auto", "path, virtual or auto")
    static let bucketFlush = Setting(
        "MILLRACE_BUCKET_FLUSH", "on", "off: files under MILLRACE_BUCKET_ROOT are not flushed")
    static let certificates = Setting("AWS_CA_BUNDLE", "", "certificates to trust for https endpoints")
    static let linkLocal = Setting(
        "MILLRACE_ALLOW_LINK_LOCAL", "off", "on: requests to link-local addresses are allowed")
    static let pauseAfterManifest = Setting(
        "MILLRACE_TEST_PAUSE_AFTER_MANIFEST", "", "for fault tests: pause between a manifest and its completion",
        isHidden: true)
    static let sealingPublicKeys = Setting(
        "MILLRACE_SEALING_PUBLIC_KEYS_FILE", "",
        "PEM file of X25519 public keys: credentials of profiles are sealed for the last; without it none are taken")
    static let sealingPrivateKeys = Setting(
        "MILLRACE_SEALING_PRIVATE_KEYS_FILE", "", "PEM file of the X25519 private keys that open what was sealed")
    static let dataFolder = Setting("MILLRACE_DATA_DIR", "", "where dev keeps its data")
    static let brokerFile = Setting("MILLRACE_BROKER_FILE", "", "file that the embedded broker writes its address to")

    /// Where a role tells of its health and metrics.
    static func metricsListen(port: Int) -> Setting {
        Setting("MILLRACE_METRICS_LISTEN", "127.0.0.1:\(port)", "address of /healthz, /readyz and /metrics")
    }

    /// Of whoever serves until a signal.
    static let process = [logLevel, shutdownSeconds, instance]
    static let kafka = [brokers, kafkaProperties, topicPrefix, partitions, replication]
    private static let awsCalls = [endpoint, accessKey, secretKey, sessionToken, certificates, linkLocal]
    static let objectStores = [bucketRoot, s3Endpoint, addressing, bucketFlush] + awsCalls
    static let keyManagement = [kmsEndpoint] + awsCalls
    static let runs = [slots, leaseSeconds, maximumAttempts, sealingPrivateKeys, pauseAfterManifest]
    static let quotas = [strict, flowQuota, profileQuota]
    static let api =
        [
            listen, authentication, credentialsFile, account, region, commandSeconds, strict, sealingPublicKeys,
        ] + keyManagement
}
