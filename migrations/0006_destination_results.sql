-- Flows with more than one destination.

-- What the run came to at each destination, in the flow's order: a JSON array. Null for a flow with one destination,
-- and for a run that no worker carried to its end.
ALTER TABLE run_history ADD COLUMN destination_results text;

-- What runs of the flow ask of a worker, joined by spaces. A program that does not know the column leaves the default.
ALTER TABLE flows ADD COLUMN capabilities text NOT NULL DEFAULT 's3-to-s3.1';

-- The member stands once in each destination; quotes within a text are escaped, so that no text is taken for it.
UPDATE flows f SET capabilities = 's3-to-s3.1 destinations.1'
FROM flow_definitions d
WHERE d.flow_uuid = f.uuid AND d.revision = f.revision
    AND array_length(string_to_array(d.definition, '"destinationConnectorProperties"'), 1) > 2;
