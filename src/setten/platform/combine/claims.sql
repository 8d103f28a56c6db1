-- name: claim
-- Fixed order, so that two batches with the same keys queue instead of locking each other.
insert into combine.claims (key_hash, request_hash)
select k, r
  from unnest(:keys::uuid[], :requests::uuid[]) as c(k, r)
 order by k
on conflict do nothing
returning key_hash;

-- name: answered
select key_hash, request_hash, status, answer
  from combine.claims
 where key_hash = any(:keys::uuid[]);

-- name: remembered
combine_remembered as (
  update combine.claims c
     set status = a.status, answer = a.answer
    from unnest(:keys::uuid[], :statuses::smallint[], :answers::bytea[])
         as a(key_hash, status, answer)
   where c.key_hash = a.key_hash
)

-- name: done
select true as done;

-- name: forget_old
delete from combine.claims where claimed_at < :before;

-- name: unclaim
delete from combine.claims where key_hash = any(:keys::uuid[]);
