-- name: claim
-- Fixed order, so that two batches with the same keys queue instead of locking each other.
insert into combine.claims (key_hash, request_hash)
select k, r
  from unnest(:keys::text::uuid[], :requests::text::uuid[]) as c(k, r)
 order by k
on conflict do nothing
returning key_hash;

-- name: answered
select key_hash, request_hash, status, answer
  from combine.claims
 where key_hash = any(:keys::uuid[]);

-- name: remembered
-- The claims are there, made in this transaction: written as inserts that conflict, they are found
-- by their key whatever the plan. As an update, a plan made while there were few claims read all of
-- them for every batch, until statistics came.
combine_remembered as (
  insert into combine.claims as c (key_hash, request_hash, status, answer)
  select a.key_hash, '00000000-0000-0000-0000-000000000000'::uuid, a.status, a.answer
    from unnest(:keys::text::uuid[], :statuses::text::smallint[], :answers::bytea[])
         as a(key_hash, status, answer)
  on conflict (key_hash) do update set status = excluded.status, answer = excluded.answer
)

-- name: done
select true as done;

-- name: forget_old
delete from combine.claims where claimed_at < :before;

-- name: unclaim
delete from combine.claims where key_hash = any(:keys::uuid[]);
