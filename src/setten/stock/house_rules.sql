-- name: current
-- The newest; no row before anybody changed one.
select version, hold_hours, extend_hours, hold_units_max, carry_hours, pickup_hours,
       cart_left_hours, count_units_free, count_value_free_minor, fill_days, keep_days
  from stock.house_rules
 order by version desc
 limit 1;

-- name: lock
-- Who changes comes one after the other, so that each knows what is changed.
select pg_advisory_xact_lock(hashtextextended('stock.house_rules', 290));

-- name: put
insert into stock.house_rules (
  hold_hours, extend_hours, hold_units_max, carry_hours, pickup_hours, cart_left_hours,
  count_units_free, count_value_free_minor, fill_days, keep_days, reason, set_by, set_at)
values (:hold_hours, :extend_hours, :hold_units_max, :carry_hours, :pickup_hours,
        :cart_left_hours, :count_units_free, :count_value_free_minor, :fill_days, :keep_days,
        :reason, :by, :now);

-- name: newest
select version, hold_hours, extend_hours, hold_units_max, carry_hours, pickup_hours,
       cart_left_hours, count_units_free, count_value_free_minor, fill_days, keep_days,
       reason, set_by, set_at
  from stock.house_rules
 order by version desc
 limit :most;
