import type { Texts } from '@/shared/i18n/pairs'

export const texts: Texts = {
  overview: {
    title: ['运行总览', 'Overview'],
    range: ['时间范围', 'Range'],
    d7: ['近 7 天', '7 days'],
    d30: ['近 30 天', '30 days'],
    d90: ['近 90 天', '90 days'],
    created: ['受理工单', 'Orders'],
    closed: ['办结', 'Closed'],
    open: ['在办', 'Open'],
    overdue: ['超期', 'Overdue'],
    on_time: ['按时办结率', 'On time'],
    satisfaction: ['满意率', 'Satisfied'],
    by_day: ['每日受理', 'By day'],
    by_type: ['按诉求类型', 'By type'],
    by_category: ['热点事项前 10', 'Top 10 categories'],
    by_district: ['按区域', 'By district'],
    by_status: ['按状态', 'By status'],
    by_source: ['按来源', 'By source'],
    bad: ['近期差评', 'Recent bad ratings'],
    no_bad: ['近期没有差评。', 'No bad ratings lately.'],
    all_units: ['全部单位', 'All units'],
    all_districts: ['全部区域', 'All districts'],
    count: ['件数', 'Orders'],
    empty: ['这段时间没有数据', 'No data in this range'],
  },
}
