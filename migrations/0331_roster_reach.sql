-- Who can be reached through a channel, in both orders of the list: indexes of each. Of a channel that
-- next to nobody can be reached through, statistics know nothing, and the whole list was walked for two
-- people. Most people can be reached through one channel, so each stands in two of these.
create index roster_email_last on customers.roster (last_at, customer_id)
  where channels @> array['email'];
create index roster_email_total on customers.roster (total_minor, customer_id)
  where channels @> array['email'];
create index roster_line_last on customers.roster (last_at, customer_id)
  where channels @> array['line'];
create index roster_line_total on customers.roster (total_minor, customer_id)
  where channels @> array['line'];
create index roster_sms_last on customers.roster (last_at, customer_id)
  where channels @> array['sms'];
create index roster_sms_total on customers.roster (total_minor, customer_id)
  where channels @> array['sms'];
create index roster_phone_last on customers.roster (last_at, customer_id)
  where channels @> array['phone'];
create index roster_phone_total on customers.roster (total_minor, customer_id)
  where channels @> array['phone'];
create index roster_push_last on customers.roster (last_at, customer_id)
  where channels @> array['push'];
create index roster_push_total on customers.roster (total_minor, customer_id)
  where channels @> array['push'];
create index roster_whatsapp_last on customers.roster (last_at, customer_id)
  where channels @> array['whatsapp'];
create index roster_whatsapp_total on customers.roster (total_minor, customer_id)
  where channels @> array['whatsapp'];
create index roster_post_last on customers.roster (last_at, customer_id)
  where channels @> array['post'];
create index roster_post_total on customers.roster (total_minor, customer_id)
  where channels @> array['post'];
drop index customers.roster_channels;
