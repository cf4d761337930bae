create table insight_warning_rule (
  id text primary key,
  kind text not null,
  name text not null,
  active bigint not null,
  window_minutes bigint not null,
  least bigint not null,
  one_in bigint not null,
  words text not null,
  unit_id text,
  version bigint not null,
  changed_at bigint not null,
  changed_by text not null
);
create table insight_warning (
  id text primary key,
  number bigint not null,
  key text not null,
  kind text not null,
  rule_id text not null,
  rule_name text not null,
  severity bigint not null,
  state text not null,
  category_id text,
  district text,
  place text,
  words text not null,
  orders bigint not null,
  callers bigint not null,
  expected double precision,
  chance double precision,
  window_minutes bigint not null,
  first_at bigint not null,
  last_at bigint not null,
  raised_at bigint not null,
  unit_id text not null,
  unit_path text not null,
  told text not null,
  told_severity bigint not null,
  due_at bigint not null,
  owner_id text,
  owner_name text,
  taken_at bigint,
  closed_at bigint,
  verdict text,
  note text,
  version bigint not null
);
create unique index insight_warning_open on insight_warning (key) where state <> 'closed';
create unique index insight_warning_number on insight_warning (number);
create index insight_warning_raised on insight_warning (raised_at, id);
create index insight_warning_state on insight_warning (state, raised_at);
create table insight_warning_order (
  warning_id text not null,
  case_id text not null,
  at bigint not null,
  primary key (warning_id, case_id)
);
create index insight_warning_order_case on insight_warning_order (case_id);
insert into insight_warning_rule (id, kind, name, active, window_minutes, least, one_in, words, unit_id, version, changed_at, changed_by) values
  ('surge', 'surge', '诉求突增', 1, 60, 8, 10000, '[]', null, 1, 0, ''),
  ('topic', 'topic', '同一事件集中反映', 1, 1440, 4, 0, '[]', null, 1, 0, ''),
  ('repeat', 'repeat', '反复来电', 1, 10080, 5, 0, '[]', null, 1, 0, ''),
  ('group', 'group', '群体诉求', 1, 4320, 5, 0, '[]', null, 1, 0, ''),
  ('words-life', 'words', '人身安全', 1, 0, 10, 0, '[{"word":"跳楼","weight":10},{"word":"自杀","weight":10},{"word":"轻生","weight":10},{"word":"自焚","weight":10},{"word":"持刀","weight":10},{"word":"同归于尽","weight":10}]', null, 1, 0, ''),
  ('words-safety', 'words', '公共安全', 1, 0, 10, 0, '[{"word":"燃气泄漏","weight":10},{"word":"爆炸","weight":8},{"word":"坍塌","weight":8},{"word":"触电","weight":6},{"word":"中毒","weight":6},{"word":"浓烟","weight":5},{"word":"起火","weight":6},{"word":"被困","weight":5}]', null, 1, 0, ''),
  ('words-dispute', 'words', '矛盾纠纷', 1, 0, 10, 0, '[{"word":"拉横幅","weight":8},{"word":"堵路","weight":8},{"word":"静坐","weight":8},{"word":"集体上访","weight":10},{"word":"聚集","weight":5},{"word":"讨薪","weight":6},{"word":"拖欠工资","weight":6},{"word":"打架","weight":5},{"word":"强拆","weight":6},{"word":"媒体曝光","weight":4}]', null, 1, 0, '');
