CREATE TEMPORARY TABLE planned_change (
    path text NOT NULL,
    oid text NOT NULL,          -- empty: nothing is indexed at this path
    size_bytes bigint NOT NULL,
    skip_reason text NOT NULL,  -- why it was skipped unread
    skip_detail text NOT NULL,
    role text NOT NULL,
    path_terms bigint[] NOT NULL
) ON COMMIT DROP
