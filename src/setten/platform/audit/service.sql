-- name: insert
insert into audit.entries
  (at, actor, action, customer_id, subject, fields, reason, reason_sealed_id,
   count, list_hash, request_id)
values (:at, :actor, :action, :customer_id, :subject, :fields, :reason, :reason_sealed_id,
        :count, :list_hash, :request_id);

-- name: insert_views
-- The fields of each come as a JSON list: arrays of different lengths do not fit in one array.
insert into audit.entries (at, actor, action, customer_id, fields)
select :at, actor, action, customer_id, array(select json_array_elements_text(fields::json))
  from unnest(:actors::text[], :actions::text[], :customer_ids::uuid[], :fields::text[])
       as v(actor, action, customer_id, fields);

-- name: of_customer
select entry_id, at, actor, action, subject, fields, reason, reason_sealed_id, count
  from audit.entries
 where customer_id = :customer_id and entry_id < :before
 order by entry_id desc
 limit :most;
