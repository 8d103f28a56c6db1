-- name: insert
insert into auth.keys (key_id, name, scope, hash, created_at)
values (:key_id, :name, :scope, :hash, :now);

-- name: find
select hash, key_id, name, scope
  from auth.keys
 where hash = any(:hashes::bytea[]) and revoked_at is null;

-- name: revoke
update auth.keys set revoked_at = :now where key_id = :key_id and revoked_at is null
returning key_id;

-- name: list
select key_id, name, scope, created_at, revoked_at from auth.keys order by created_at desc limit 500;
