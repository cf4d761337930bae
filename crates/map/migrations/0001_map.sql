create table map_area (
  id text primary key,
  kind text not null,
  code text not null,
  name text not null,
  shape text not null,
  corners bigint not null,
  version bigint not null,
  changed_at bigint not null,
  changed_by text not null
);
create index map_area_kind on map_area (kind, code, id);
create table map_feed_source (
  id text primary key,
  name text not null,
  kinds text not null,
  key_digest text not null,
  made_at bigint not null,
  made_by text not null,
  last_at bigint
);
create unique index map_feed_source_key on map_feed_source (key_digest);
create table map_feed (
  kind text not null,
  id text not null,
  source text not null,
  at bigint not null,
  received_at bigint not null,
  until_at bigint,
  name text not null,
  severity bigint not null,
  lng double precision not null,
  lat double precision not null,
  body text not null,
  primary key (kind, id)
);
create index map_feed_at on map_feed (kind, at);
create table map_feed_past (
  kind text not null,
  id text not null,
  at bigint not null,
  severity bigint not null,
  figures text not null,
  primary key (kind, id, at)
);
create index map_feed_past_at on map_feed_past (at);
