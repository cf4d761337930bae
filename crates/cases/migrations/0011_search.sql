create table cases_search_mark (
  name text primary key,
  upto text not null
);
create table cases_search_doc (
  number bigint primary key,
  case_id text not null
);
create unique index cases_search_doc_case on cases_search_doc (case_id);
create index cases_case_person on cases_case (person_id, created_at) where person_id is not null;
create index cases_case_written_in on cases_case (created_unit_id, created_at) where created_unit_id is not null;
create index cases_case_category on cases_case (category_id, created_at) where category_id is not null;
drop index cases_case_due;
create index cases_case_due on cases_case (coalesce(due_at, 9223372036854775807), id);
drop index cases_task_unit;
drop index cases_task_person;
drop index cases_task_queue;
create index cases_task_unit on cases_task (unit_id, coalesce(due_at, 9223372036854775807), id) where state = 'open';
create index cases_task_person on cases_task (person_id, coalesce(due_at, 9223372036854775807), id) where state = 'open';
create index cases_task_queue on cases_task (step, coalesce(due_at, 9223372036854775807), id) where state = 'open' and person_id is null;
create table cases_saved_query (
  id text primary key,
  owner_id text not null,
  owner_name text not null,
  name text not null,
  query text not null,
  shared bigint not null,
  made_at bigint not null
);
create index cases_saved_query_owner on cases_saved_query (owner_id, name);
create index cases_saved_query_shared on cases_saved_query (name) where shared = 1;
