-- What all places took on a day, for the first page.
create index receipt_totals_of_day on stock.receipt_totals (business_day);
