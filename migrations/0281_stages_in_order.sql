-- Who stands in a stage, by when they came and then by who they are, read from either end: the
-- index before this one had the second the other way round, so that each page put rows in order.
create index stages_in_order on customers.stages (stage, since, customer_id);
drop index customers.stages_by_stage;
