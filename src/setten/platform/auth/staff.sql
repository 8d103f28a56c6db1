-- name: insert
insert into auth.staff (staff_id, login, name, password_hash, role, locale, created_at)
values (:staff_id, :login, :name, :password_hash, :role, :locale, :now)
on conflict do nothing
returning staff_id;

-- name: drop_locations
delete from auth.staff_locations where staff_id = :staff_id;

-- name: insert_locations
insert into auth.staff_locations (staff_id, location_id, rank)
select :staff_id, location_id, ord
  from unnest(:location_ids::text[]) with ordinality as l(location_id, ord);

-- name: disable
update auth.staff set disabled_at = :now where staff_id = :staff_id and disabled_at is null
returning staff_id;

-- name: reopen
update auth.staff set disabled_at = null where staff_id = :staff_id and disabled_at is not null
returning staff_id;

-- name: set_role
update auth.staff set role = :role where staff_id = :staff_id;

-- name: lock_admins
-- Two administrators who close each other at one moment must wait for each other.
select staff_id from auth.staff where role = :role and disabled_at is null order by staff_id
   for update;

-- name: account
select login, name from auth.staff where staff_id = :staff_id;

-- name: set_password
update auth.staff set password_hash = :sealed where staff_id = :staff_id and disabled_at is null
returning staff_id;

-- name: forget_password
update auth.staff set password_hash = null where lower(login) = lower(:login) returning staff_id;

-- name: set_preferences
update auth.staff
   set locale = coalesce(:locale::text, locale), theme = coalesce(:theme::text, theme)
 where staff_id = :staff_id;

-- name: list
select p.staff_id, p.login, p.name, p.role, p.locale, p.created_at, p.disabled_at,
       greatest(
         p.signed_in_at,
         (select max(s.seen_at) from auth.sessions s where s.staff_id = p.staff_id)
       ) as seen_at,
       coalesce(array_agg(l.location_id order by l.rank) filter (where l.location_id is not null),
                '{}') as locations
  from auth.staff p
  left join auth.staff_locations l using (staff_id)
 group by p.staff_id
 order by p.name
 limit 1000;
