-- name: analyze
-- The tables were empty a moment ago: without this every plan is made for a handful of rows.
analyze;
