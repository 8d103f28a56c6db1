-- name: insert
insert into auth.keys (key_id, name, scope, hash, created_at)
values (:key_id, :name, :scope, :hash, :now);

-- name: find
-- Every request asks this, so it can be a part of a statement that reads more. The array behind a
-- sub-select lets one plan be kept.
auth_keys as (
  select coalesce(json_agg(k), '[]')::text as keys
    from (select encode(hash, 'hex') as hash, key_id, name, scope
            from auth.keys
           where hash = any((select :hashes::bytea[])::bytea[]) and revoked_at is null) as k
)

-- name: found
select k.keys from auth_keys k;

-- name: revoke
update auth.keys set revoked_at = :now where key_id = :key_id and revoked_at is null
returning key_id;

-- name: list
select key_id, name, scope, created_at, revoked_at from auth.keys order by created_at desc limit 500;
