-- Of five hundred shops a home asks only those in its strip of the map.
create index segment_places_lat on customers.segment_places (lat);
