-- What units write to each other beside orders.
create table cases_exchange (
  id text primary key,
  unit_id text not null,
  person_id text not null,
  person_name text not null,
  subject text not null,
  case_id text,
  answer_by bigint,
  posts bigint not null,
  created_at bigint not null,
  last_at bigint not null,
  late_told bigint not null,
  closed_at bigint,
  closed_by text,
  version bigint not null
);
create index cases_exchange_last on cases_exchange (last_at, id);
create index cases_exchange_due on cases_exchange (answer_by) where answer_by is not null and late_told = 0;

create table cases_exchange_unit (
  exchange_id text not null,
  unit_id text not null,
  unit_path text not null,
  sender bigint not null,
  answered_at bigint,
  primary key (exchange_id, unit_id)
);
create index cases_exchange_unit_unit on cases_exchange_unit (unit_id, exchange_id);
create index cases_exchange_unit_path on cases_exchange_unit (unit_path, exchange_id);

create table cases_exchange_post (
  id text primary key,
  exchange_id text not null,
  unit_id text not null,
  person_id text not null,
  person_name text not null,
  body text not null,
  at bigint not null
);
create index cases_exchange_post_of on cases_exchange_post (exchange_id, id);

create table cases_exchange_reader (
  exchange_id text not null,
  person_id text not null,
  read_at bigint not null,
  primary key (exchange_id, person_id)
);
