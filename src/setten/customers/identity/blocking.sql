-- name: patterns
select pattern_id, kind, sealed from customers.blocked_patterns order by kind, blocked_at;
