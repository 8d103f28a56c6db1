-- name: count
-- Counts on in the same minute and day, begins anew in another; who counts at once takes turns.
insert into audit.paces as p (actor, what, minute, in_minute, day, in_day)
values (:actor, :what, date_trunc('minute', :now::timestamptz), :times, :day, :times)
on conflict (actor, what) do update
   set in_minute = excluded.in_minute + case when p.minute = excluded.minute then p.in_minute
                                             else 0 end,
       minute = excluded.minute,
       in_day = excluded.in_day + case when p.day = excluded.day then p.in_day else 0 end,
       day = excluded.day
returning in_minute, in_day;

-- name: forget
delete from audit.paces where minute < :before;
