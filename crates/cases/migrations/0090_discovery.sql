-- What clerks of units found themselves: their work log, of which orders are made.
create table cases_discovery (
  id text primary key,
  unit_id text not null,
  unit_path text not null,
  person_id text not null,
  person_name text not null,
  found_at bigint not null,
  category_id text,
  title text not null,
  content text not null,
  district text,
  address text,
  lng double precision,
  lat double precision,
  state text not null,
  handling text,
  case_id text,
  note text,
  created_at bigint not null,
  updated_at bigint not null,
  version bigint not null
);
create index cases_discovery_unit on cases_discovery (unit_id, id);
create index cases_discovery_path on cases_discovery (unit_path, id);
create unique index cases_discovery_case on cases_discovery (case_id) where case_id is not null;
