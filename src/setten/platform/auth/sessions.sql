-- name: by_login
select staff_id, password_hash from auth.staff where lower(login) = lower(:login)
   and disabled_at is null;

-- name: id_by_login
select staff_id from auth.staff where lower(login) = lower(:login);

-- name: one_at_a_time
-- Tries of one subject made at the same moment count each other.
select pg_advisory_xact_lock(hashtextextended(encode(:subject, 'hex'), 0))
  from (select 1) as one;

-- name: failures
select count(*) from auth.failures where subject = :subject and failed_at > :since;

-- name: note_failure
insert into auth.failures (subject, failed_at) values (:subject, :now);

-- name: clear_failures
-- The login's count ends; of the address only this one try is taken back.
delete from auth.failures
 where subject = :login_hash or (subject = :address_hash and failed_at = :at);

-- name: is_open
select exists (select from auth.staff where staff_id = :staff_id and disabled_at is null);

-- name: insert_session
-- When somebody came last is kept with the account: sessions go, lists tell of it still.
with came as (
  update auth.staff set signed_in_at = greatest(signed_in_at, :now) where staff_id = :staff_id
)
insert into auth.sessions (token_hash, staff_id, created_at, seen_at, expires_at)
values (:token_hash, :staff_id, :now, :now, :expires_at);

-- name: session
-- Role and shops are read with the session: a change counts from the next request on.
select s.staff_id, s.seen_at, p.name, p.role, p.locale, p.theme,
       coalesce(array_agg(l.location_id order by l.rank) filter (where l.location_id is not null),
                '{}') as locations
  from auth.sessions s
  join auth.staff p using (staff_id)
  left join auth.staff_locations l using (staff_id)
 where s.token_hash = :token_hash
   and s.expires_at > :now
   and s.seen_at > :idle_since
   and p.disabled_at is null
 group by s.staff_id, s.seen_at, p.name, p.role, p.locale, p.theme;

-- name: person
select p.staff_id, p.name, p.role, p.locale, p.theme,
       coalesce(array_agg(l.location_id order by l.rank) filter (where l.location_id is not null),
                '{}') as locations
  from auth.staff p
  left join auth.staff_locations l using (staff_id)
 where p.staff_id = :staff_id and p.disabled_at is null
 group by p.staff_id;

-- name: touch_session
update auth.sessions set seen_at = :now where token_hash = :token_hash;

-- name: end_session
delete from auth.sessions where token_hash = :token_hash;

-- name: end_sessions_of
delete from auth.sessions where staff_id = :staff_id;

-- name: end_other_sessions_of
delete from auth.sessions where staff_id = :staff_id and token_hash <> :token_hash;

-- name: drop_links_of
delete from auth.links where staff_id = :staff_id and used_at is null;

-- name: insert_link
insert into auth.links (token_hash, staff_id, expires_at) values (:token_hash, :staff_id, :expires_at);

-- name: use_link
update auth.links set used_at = :now
 where token_hash = :token_hash and used_at is null and expires_at > :now
returning staff_id;

-- name: tidy
with old_sessions as (delete from auth.sessions where expires_at < :now),
     old_links as (delete from auth.links where expires_at < :now)
delete from auth.failures where failed_at < :failures_before;
