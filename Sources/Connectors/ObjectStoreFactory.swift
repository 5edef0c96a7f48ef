// SPDX-License-Identifier: Apache-2.0
public import Observability

/// Makes the store that the settings ask for.
public enum ObjectStoreFactory {
    /// A store for one thread.
    ///
    /// A bucket root serves when no endpoint is set; otherwise it is S3. Settings without either and without credentials
    /// are refused: nobody means to use AWS anonymously.
    public static func make(
        _ settings: S3Settings, logger: Logger? = nil
    ) throws(ObjectStoreError) -> any ObjectStore {
        if settings.endpoint == nil, let root = settings.bucketRoot {
            return FolderObjectStore(root: root, durable: settings.flushesFiles)
        }
        guard settings.endpoint != nil || settings.credentials != nil else {
            throw ObjectStoreError(
                .accessDenied,
                "There are no credentials for S3: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, "
                    + "or MILLRACE_BUCKET_ROOT for buckets in a folder.")
        }
        return try S3ObjectStore(settings: settings, logger: logger)
    }
}
