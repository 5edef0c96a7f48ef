-- What an answer tells beside the operation's output, so that a retry hears it again: the id and time of what was made, and
-- the revision of the definition (a JSON object; empty where there is none).

ALTER TABLE command_outcomes ADD COLUMN details text NOT NULL DEFAULT '';
