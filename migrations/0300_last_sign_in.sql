-- When somebody of staff came in last: kept when the session is over, or a list says "never" of
-- everybody who signed out.
alter table auth.staff add column signed_in_at timestamptz;
update auth.staff p
   set signed_in_at = s.at
  from (select staff_id, max(created_at) as at from auth.sessions group by staff_id) s
 where s.staff_id = p.staff_id;
