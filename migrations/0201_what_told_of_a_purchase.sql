-- A customer's purchases show what told of each: without this all her lines were read for it.
create index timeline_purchases on customers.timeline (identifier_id, purchase_key)
 where purchase_key is not null;
