create table kernel_outbox (
  id text primary key,
  seq bigint,
  name text not null,
  subject text not null,
  audience text not null,
  payload text not null,
  actor text not null,
  trace_id text not null,
  at bigint not null
);
create unique index kernel_outbox_seq on kernel_outbox (seq);
create index kernel_outbox_waiting on kernel_outbox (id) where seq is null;
create index kernel_outbox_subject on kernel_outbox (subject, seq);
create table kernel_cursor (
  subscription text primary key,
  seq bigint not null,
  failures bigint not null,
  updated_at bigint not null
);
create table kernel_dead_letter (
  subscription text not null,
  seq bigint not null,
  error text not null,
  at bigint not null,
  primary key (subscription, seq)
);
create table kernel_audit (
  id text primary key,
  seq bigint,
  at bigint not null,
  actor_kind text not null,
  actor_id text not null,
  actor_name text not null,
  ip text,
  trace_id text not null,
  action text not null,
  subject_kind text not null,
  subject_id text not null,
  detail text not null
);
create unique index kernel_audit_seq on kernel_audit (seq);
create index kernel_audit_waiting on kernel_audit (id) where seq is null;
create index kernel_audit_subject on kernel_audit (subject_kind, subject_id, at);
create index kernel_audit_actor on kernel_audit (actor_id, at);
create index kernel_audit_at on kernel_audit (at);
create table kernel_audit_seal (
  seq bigint primary key,
  audit_id text not null,
  algorithm text not null,
  hash text not null
);
create table kernel_idempotency (
  scope text not null,
  key text not null,
  fingerprint text not null,
  status bigint not null,
  response text not null,
  at bigint not null,
  primary key (scope, key)
);
create index kernel_idempotency_at on kernel_idempotency (at);
create table kernel_lease (
  name text primary key,
  holder text not null,
  until bigint not null
);
create table kernel_parameter (
  key text primary key,
  value text not null,
  version bigint not null,
  updated_at bigint not null,
  updated_by text not null
);
