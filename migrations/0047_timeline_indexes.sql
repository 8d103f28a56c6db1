-- Each index of the timeline costs every event a page somewhere in it. These two were for single
-- looks: an event is found through the log, and what is new on an open page among her own lines.
drop index customers.timeline_event;
drop index customers.timeline_news;
