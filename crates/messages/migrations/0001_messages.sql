create table messages_notice (
  id text primary key,
  key text not null,
  person_id text not null,
  kind text not null,
  urgent bigint not null,
  facts text not null,
  subject_kind text not null,
  subject_id text not null,
  made_at bigint not null,
  read_at bigint
);
create unique index messages_notice_key on messages_notice (person_id, key);
create index messages_notice_person on messages_notice (person_id, made_at, id);
create index messages_notice_unread on messages_notice (person_id) where read_at is null;
create table messages_delivery (
  id text primary key,
  notice_id text not null,
  channel text not null,
  state text not null,
  tries bigint not null,
  next_at bigint not null,
  error text
);
create index messages_delivery_waiting on messages_delivery (next_at) where state = 'waiting';
create table messages_rule (
  kind text primary key,
  active bigint not null,
  handler bigint not null,
  leader bigint not null,
  supervisor bigint not null,
  channels text not null,
  version bigint not null
);
create table messages_digest (
  day text primary key,
  made_at bigint not null
);
