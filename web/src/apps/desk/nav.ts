/** The left navigation: what is shown follows from what the person may do. */
export interface NavItem {
  name: string
  icon: string
  /** Any one of these is enough. */
  needs: string[]
  path: string
}
export interface NavGroup {
  name: string
  items: NavItem[]
}

export const NAV: NavGroup[] = [
  {
    name: 'work',
    items: [
      { name: 'work', icon: 'headset', needs: ['call.answer', 'case.create'], path: '/desk/work' },
      { name: 'tasks', icon: 'inbox', needs: ['case.read', 'case.handle', 'case.accept', 'case.review', 'case.dispatch', 'case.result_review', 'case.return_visit'], path: '/desk/tasks' },
    ],
  },
  {
    name: 'cases',
    items: [
      { name: 'cases', icon: 'list', needs: ['case.read'], path: '/desk/cases' },
      { name: 'topics', icon: 'flag', needs: ['topic.read', 'case.merge'], path: '/desk/topics' },
      { name: 'alarms', icon: 'alert', needs: ['alarm.acknowledge', 'overview.read'], path: '/desk/alarms' },
      { name: 'discoveries', icon: 'eye', needs: ['case.discover', 'overview.read'], path: '/desk/discoveries' },
      { name: 'exchanges', icon: 'send', needs: ['exchange.read'], path: '/desk/exchanges' },
      { name: 'commitments', icon: 'check', needs: ['commitment.write', 'publication.write'], path: '/desk/commitments' },
      { name: 'ratings', icon: 'star', needs: ['rating.follow_up'], path: '/desk/ratings' },
      { name: 'contacts', icon: 'users', needs: ['contact.read'], path: '/desk/contacts' },
    ],
  },
  {
    name: 'voice',
    items: [
      { name: 'floor', icon: 'chart', needs: ['call.monitor'], path: '/desk/floor' },
      { name: 'emergencies', icon: 'alert', needs: ['call.monitor'], path: '/desk/emergencies' },
      { name: 'what_if', icon: 'chart', needs: ['queue.write'], path: '/desk/what-if' },
      { name: 'calls', icon: 'phone', needs: ['call.read'], path: '/desk/calls' },
      { name: 'chats', icon: 'note', needs: ['chat.read'], path: '/desk/chats' },
      { name: 'robot', icon: 'star', needs: ['robot.train'], path: '/desk/robot' },
      { name: 'missed', icon: 'phone-missed', needs: ['call.handle_missed'], path: '/desk/missed-calls' },
      { name: 'numbers', icon: 'flag', needs: ['number.write'], path: '/desk/numbers' },
      { name: 'running', icon: 'eye', needs: ['call.monitor'], path: '/desk/running-calls' },
      { name: 'campaigns', icon: 'send', needs: ['campaign.read'], path: '/desk/campaigns' },
      { name: 'callbacks', icon: 'back', needs: ['call.handle_missed'], path: '/desk/callbacks' },
      { name: 'messages', icon: 'mic', needs: ['call.handle_missed'], path: '/desk/voicemail' },
      { name: 'surveys', icon: 'star', needs: ['call.monitor'], path: '/desk/call-ratings' },
    ],
  },
  {
    name: 'knowledge',
    items: [
      { name: 'knowledge', icon: 'book', needs: ['knowledge.read'], path: '/desk/knowledge' },
      { name: 'knowledge_manage', icon: 'edit', needs: ['knowledge.write', 'knowledge.review'], path: '/desk/knowledge-entries' },
      { name: 'knowledge_tasks', icon: 'inbox', needs: ['knowledge.write', 'knowledge.review'], path: '/desk/knowledge-tasks' },
      { name: 'knowledge_ranking', icon: 'star', needs: ['knowledge.read'], path: '/desk/knowledge-ranking' },
    ],
  },
  {
    name: 'insight',
    items: [
      { name: 'overview', icon: 'chart', needs: ['overview.read'], path: '/desk/overview' },
      { name: 'map', icon: 'map', needs: ['map.read'], path: '/desk/map' },
      { name: 'warnings', icon: 'alert', needs: ['warning.read'], path: '/desk/warnings' },
      { name: 'reports', icon: 'file', needs: ['report.read'], path: '/desk/reports' },
      { name: 'forecast', icon: 'chart', needs: ['report.read'], path: '/desk/forecast' },
      { name: 'evaluation', icon: 'check', needs: ['report.read'], path: '/desk/evaluation' },
    ],
  },
  {
    name: 'admin',
    items: [
      { name: 'map_areas', icon: 'map', needs: ['map.write'], path: '/desk/admin/map-areas' },
      { name: 'feeds', icon: 'send', needs: ['feed.write'], path: '/desk/admin/feeds' },
      { name: 'units', icon: 'building', needs: ['unit.write'], path: '/desk/admin/units' },
      { name: 'people', icon: 'user', needs: ['person.write', 'role.write', 'person.recover'], path: '/desk/admin/people' },
      { name: 'registrations', icon: 'check', needs: ['registration.decide', 'role.write'], path: '/desk/admin/registrations' },
      { name: 'roles', icon: 'key', needs: ['role.write'], path: '/desk/admin/roles' },
      { name: 'seats', icon: 'headset', needs: ['seat.write'], path: '/desk/admin/seats' },
      { name: 'telephones', icon: 'phone', needs: ['telephone.write'], path: '/desk/admin/telephones' },
      { name: 'trunks', icon: 'send', needs: ['telephone.write', 'call.monitor'], path: '/desk/admin/trunks' },
      { name: 'queues', icon: 'users', needs: ['queue.write'], path: '/desk/admin/queues' },
      { name: 'phone_book', icon: 'phone', needs: ['phone_book.write'], path: '/desk/admin/phone-book' },
      { name: 'standard_phrases', icon: 'note', needs: ['phone_book.write'], path: '/desk/admin/standard-phrases' },
      { name: 'summary_fields', icon: 'edit', needs: ['phone_book.write'], path: '/desk/admin/summary-fields' },
      { name: 'callflows', icon: 'keypad', needs: ['callflow.write'], path: '/desk/admin/call-flows' },
      { name: 'prompts', icon: 'play', needs: ['callflow.write'], path: '/desk/admin/prompts' },
      { name: 'knowledge_words', icon: 'search', needs: ['knowledge.manage'], path: '/desk/admin/knowledge-words' },
      { name: 'knowledge_classes', icon: 'tag', needs: ['knowledge.manage'], path: '/desk/admin/knowledge-classes' },
      { name: 'categories', icon: 'tag', needs: ['dictionary.write'], path: '/desk/admin/categories' },
      { name: 'catalogue', icon: 'send', needs: ['catalogue.read'], path: '/desk/admin/catalogue' },
      { name: 'models', icon: 'star', needs: ['assist.learn'], path: '/desk/admin/models' },
      { name: 'flows', icon: 'edit', needs: ['flow.write'], path: '/desk/admin/flows' },
      { name: 'templates', icon: 'file', needs: ['template.write'], path: '/desk/admin/templates' },
      { name: 'forms', icon: 'note', needs: ['form.read'], path: '/desk/admin/forms' },
      { name: 'order_types', icon: 'list', needs: ['order_type.write'], path: '/desk/admin/order-types' },
      { name: 'old_orders', icon: 'file', needs: ['case.import'], path: '/desk/admin/old-orders' },
      { name: 'limit_rules', icon: 'clock', needs: ['limit.read'], path: '/desk/admin/limit-rules' },
      { name: 'notice_rules', icon: 'bell', needs: ['notice.write'], path: '/desk/admin/notice-rules' },
      { name: 'warning_rules', icon: 'alert', needs: ['warning.rule'], path: '/desk/admin/warning-rules' },
      { name: 'dictionary', icon: 'book', needs: ['dictionary.write'], path: '/desk/admin/dictionary' },
      { name: 'parameters', icon: 'gear', needs: ['parameter.write'], path: '/desk/admin/parameters' },
      { name: 'calendar', icon: 'calendar', needs: ['calendar.write'], path: '/desk/admin/calendar' },
      { name: 'audit', icon: 'shield', needs: ['audit.read'], path: '/desk/admin/audit' },
      { name: 'sessions', icon: 'globe', needs: ['session.revoke'], path: '/desk/admin/sessions' },
    ],
  },
]

/** The navigation of somebody with these capabilities. */
export function navFor(can: (...capabilities: string[]) => boolean): NavGroup[] {
  return NAV.map((group) => ({ ...group, items: group.items.filter((item) => can(...item.needs)) })).filter((group) => group.items.length > 0)
}

/** The page somebody starts on. */
export function homeFor(can: (...capabilities: string[]) => boolean): string {
  if (can('call.answer')) return '/desk/work'
  const first = navFor(can).flatMap((group) => group.items)
  const leader = first.find((item) => item.name === 'overview')
  if (leader && !can('case.handle', 'case.accept', 'case.review', 'case.dispatch', 'case.result_review', 'case.return_visit')) return leader.path
  return (first.find((item) => item.name === 'tasks') ?? first[0])?.path ?? '/desk/account'
}
