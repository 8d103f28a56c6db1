-- name: moved
-- Who came and went in each living segment: sums of the hours that the reader keeps, by their key.
select s.segment_id, s.name, sum(f.entered)::bigint as entered, sum(f.gone)::bigint as gone
  from customers.segments s
  join customers.segment_flows f using (segment_id)
 where s.retired_at is null and f.hour_at >= :since
 group by s.segment_id, s.name
having sum(f.entered) + sum(f.gone) > 0
 order by sum(f.entered) + sum(f.gone) desc, s.name
 limit :most;
