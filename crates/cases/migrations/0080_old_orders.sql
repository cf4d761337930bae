-- The number that an order had in the system that it was taken over from.
alter table cases_case add column old_number text;
create unique index cases_case_old_number on cases_case (old_number) where old_number is not null;
