-- A receipt is found by the number that is printed on it, whichever till it came from.
create index receipts_sequence on stock.receipts (sequence, business_day);
