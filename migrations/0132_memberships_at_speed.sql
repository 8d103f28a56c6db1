-- Memberships are written by thousands a second, and a look at one of a hundred segments for each
-- was a tenth of writing it. Their numbers come from the definitions that live at that moment, under
-- the lock of the turn; a segment is retired and never deleted.
alter table customers.segment_members drop constraint segment_members_segment_id_fkey;
