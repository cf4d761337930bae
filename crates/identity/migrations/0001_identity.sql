create table identity_unit (
  id text primary key,
  parent_id text references identity_unit (id),
  level bigint not null,
  code text not null,
  name text not null,
  kind text not null,
  path text not null,
  phone text,
  active bigint not null,
  version bigint not null,
  created_at bigint not null,
  updated_at bigint not null
);
create unique index identity_unit_code on identity_unit (code);
create index identity_unit_path on identity_unit (path);
create index identity_unit_parent on identity_unit (parent_id);
create table identity_person (
  id text primary key,
  account text not null,
  name text not null,
  job_no text,
  phone text,
  unit_id text not null references identity_unit (id),
  password_hash text not null,
  password_changed_at bigint not null,
  must_change bigint not null,
  totp_secret text,
  totp_enabled bigint not null,
  totp_step bigint not null,
  active bigint not null,
  last_login_at bigint,
  version bigint not null,
  created_at bigint not null,
  updated_at bigint not null
);
create unique index identity_person_account on identity_person (account);
create unique index identity_person_job_no on identity_person (job_no) where job_no is not null;
create index identity_person_unit on identity_person (unit_id, account);
create table identity_role (
  id text primary key,
  name_zh text not null,
  name_en text not null,
  exclusive bigint not null,
  masks text not null,
  sort bigint not null,
  version bigint not null
);
create table identity_grant (
  role_id text not null references identity_role (id),
  capability text not null,
  scope text not null,
  primary key (role_id, capability)
);
create table identity_person_role (
  person_id text not null references identity_person (id),
  role_id text not null references identity_role (id),
  primary key (person_id, role_id)
);
create index identity_person_role_role on identity_person_role (role_id, person_id);
create table identity_seat (
  id text primary key,
  no text not null,
  name text not null,
  unit_id text not null references identity_unit (id),
  person_id text references identity_person (id),
  skills text not null,
  active bigint not null,
  version bigint not null
);
create unique index identity_seat_no on identity_seat (no);
create unique index identity_seat_person on identity_seat (person_id) where person_id is not null;
create table identity_session (
  id text primary key,
  token_digest text not null,
  person_id text not null references identity_person (id),
  created_at bigint not null,
  seen_at bigint not null,
  ended_at bigint,
  ip text,
  agent text
);
create unique index identity_session_token on identity_session (token_digest);
create index identity_session_person on identity_session (person_id, created_at);
create index identity_session_created on identity_session (created_at);
create table identity_attempt (
  account_digest text primary key,
  failures bigint not null,
  last_at bigint not null,
  locked_until bigint not null
);
create table identity_dictionary (
  kind text not null,
  code text not null,
  zh text not null,
  en text not null,
  sort bigint not null,
  active bigint not null,
  version bigint not null,
  primary key (kind, code)
);
create table identity_generation (
  id bigint primary key,
  n bigint not null
);
insert into identity_generation (id, n) values (1, 0);
