-- Where the newest events of each name and channel stand in the log, kept by the reader of
-- touchpoints. A list of a day reads back from here: a new segment of a million customers puts as
-- many facts in front of what people did, and to look through them took a third of a second.
create table insight.newest (
  name text not null,
  channel text not null,
  location_id text not null,
  xids xid8[] not null,
  positions bigint[] not null,
  primary key (name, channel, location_id)
) with (fillfactor = 50);
comment on column insight.newest.location_id is 'of receipts also by place; else empty: anywhere';
comment on column insight.newest.positions is 'newest first, a hundred at most, as xids';

-- Of what the reader has passed, the last bit: a list of today is whole again within the hour.
with here as (
  select c.xid, c.position, c.arrived_on from log.cursors c where c.reader = 'touchpoints'
), passed as (
  select e.name, e.channel, e.location_id, e.xid, e.position
    from here
   cross join lateral (
         select v.name, v.channel, v.location_id, v.xid, v.position
           from log.events v
          where v.arrived_on >= here.arrived_on - 1
            and (v.xid, v.position) <= (here.xid, here.position)
          order by v.xid desc, v.position desc
          limit 20000) as e
), placed as (
  select p.name, p.channel, '' as location_id, p.xid, p.position from passed p
   union all
  select p.name, p.channel, p.location_id, p.xid, p.position
    from passed p
   where p.name = 'receipt.recorded' and p.location_id is not null
), ranked as (
  select r.name, r.channel, r.location_id, r.xid, r.position,
         row_number() over (partition by r.name, r.channel, r.location_id
                                order by r.xid desc, r.position desc) as nth
    from placed r
)
insert into insight.newest (name, channel, location_id, xids, positions)
select name, channel, location_id, array_agg(xid order by nth), array_agg(position order by nth)
  from ranked
 where nth <= 100
 group by name, channel, location_id;
