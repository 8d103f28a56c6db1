-- name: insert
insert into audit.entries
  (at, actor, action, customer_id, subject, fields, reason, reason_sealed_id,
   count, list_hash, request_id)
values (:at, :actor, :action, :customer_id, :subject, :fields, :reason, :reason_sealed_id,
        :count, :list_hash, :request_id);

-- name: of_customer
select entry_id, at, actor, action, subject, fields, reason, reason_sealed_id, count
  from audit.entries
 where customer_id = :customer_id and entry_id < :before
 order by entry_id desc
 limit :most;
