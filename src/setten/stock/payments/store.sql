-- name: insert
insert into stock.payments (
  payment_id, order_id, method, provider, reference, currency, intended_minor, made_at)
values (:payment_id, :order_id, :method, :provider, :reference, :currency, :amount, :now);

-- name: insert_step
-- Once by its reference: a provider tells a capture as often as it likes.
insert into stock.payment_steps (step_id, payment_id, kind, amount_minor, reference, made_by, at)
values (:step_id, :payment_id, :kind, :amount, :reference, :by, :now)
on conflict (payment_id, kind, reference) where reference is not null do nothing
returning step_id;

-- name: step_by_reference
select amount_minor
  from stock.payment_steps
 where payment_id = :payment_id and kind = :kind and reference = :reference;

-- name: lock
select payment_id, order_id, method, provider, reference, currency, intended_minor,
       authorised_minor, captured_minor, refunded_minor, is_voided, made_at
  from stock.payments
 where payment_id = :payment_id
   for no key update;

-- name: lock_of_order
-- Oldest first, so that two refunds of one order queue and never wait in a circle.
select payment_id, order_id, method, provider, reference, currency, intended_minor,
       authorised_minor, captured_minor, refunded_minor, is_voided, made_at
  from stock.payments
 where order_id = :order_id
 order by payment_id
   for no key update;

-- name: of_order
select payment_id, order_id, method, provider, reference, currency, intended_minor,
       authorised_minor, captured_minor, refunded_minor, is_voided, made_at
  from stock.payments
 where order_id = :order_id
 order by payment_id;

-- name: set_sums
update stock.payments
   set authorised_minor = :authorised, captured_minor = :captured, refunded_minor = :refunded,
       is_voided = :is_voided
 where payment_id = :payment_id;

-- name: steps_of
select s.payment_id, s.kind, s.amount_minor, s.reference, s.made_by, s.at
  from stock.payment_steps s
  join stock.payments p on p.payment_id = s.payment_id
 where p.order_id = :order_id
 -- Money that was taken at once was meant to be paid in the same moment, and first.
 order by s.at, s.kind <> 'intended', s.step_id;
