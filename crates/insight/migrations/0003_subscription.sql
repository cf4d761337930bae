-- Reports that are sent by mail, to whom, and what became of each time.
create table insight_subscription (
  id text primary key,
  owner_id text not null,
  owner_name text not null,
  name text not null,
  report text not null,
  query text not null,
  span text not null,
  every text not null,
  on_day bigint not null,
  hour bigint not null,
  lang text not null,
  state text not null,
  paused_why text,
  next_at bigint not null,
  version bigint not null,
  made_at bigint not null
);
create index insight_subscription_owner on insight_subscription (owner_id, name);
create index insight_subscription_due on insight_subscription (next_at) where state = 'active';
create table insight_subscription_receiver (
  subscription_id text not null,
  person_id text not null,
  person_name text not null,
  primary key (subscription_id, person_id)
);
create index insight_subscription_receiver_person on insight_subscription_receiver (person_id);
create table insight_subscription_run (
  id text primary key,
  subscription_id text not null,
  due_at bigint not null,
  person_id text not null,
  person_name text not null,
  state text not null,
  reason text,
  tries bigint not null,
  next_at bigint not null,
  made_at bigint not null,
  done_at bigint
);
create unique index insight_subscription_run_once on insight_subscription_run (subscription_id, due_at, person_id);
create index insight_subscription_run_waiting on insight_subscription_run (next_at) where state in ('waiting', 'sending');
create index insight_subscription_run_made on insight_subscription_run (made_at);
