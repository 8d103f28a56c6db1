-- A long list is read behind the page that brought it: how far it is stands in the rows, and why it
-- could not be read stays for whoever brought it.
set lock_timeout = '5s';

alter table customers.lists
  -- {"code": …, "facts": {…}} of the refusal; {"code": "list_replaced"} of one whose place another
  -- list has taken, until its entries are swept away.
  add column problem jsonb;
