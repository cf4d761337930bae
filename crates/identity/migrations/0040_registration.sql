create table identity_registration (
  id text primary key,
  number text not null,
  code_digest text not null,
  name text not null,
  phone text not null,
  job_no text,
  unit_id text not null references identity_unit (id),
  post text not null,
  reason text not null,
  password_hash text not null,
  state text not null,
  person_id text references identity_person (id),
  answer text,
  decided_by text,
  decided_at bigint,
  created_at bigint not null,
  version bigint not null
);
create unique index identity_registration_number on identity_registration (number);
create index identity_registration_state on identity_registration (state, unit_id, id);
