create table cases_praise (
  id text primary key,
  case_id text not null,
  unit_id text not null,
  unit_path text not null,
  person_id text,
  text text not null,
  given_at bigint not null,
  given_by text not null,
  given_by_name text not null
);
create index cases_praise_unit on cases_praise (unit_id, given_at);
create index cases_praise_case on cases_praise (case_id);
create table cases_link (
  id text primary key,
  case_id text not null,
  digest text not null,
  helper text not null,
  text text not null,
  given_at bigint not null,
  given_by text not null,
  given_by_name text not null,
  unit_id text,
  expires_at bigint not null,
  revoked_at bigint,
  opened_at bigint,
  answer text,
  answered_at bigint
);
create unique index cases_link_digest on cases_link (digest);
create index cases_link_case on cases_link (case_id, given_at);
