import { common } from '@/shared/i18n/common'
import type { Texts } from '@/shared/i18n/pairs'
import { texts as bot } from '@/slices/bot/texts'
import { texts as cases } from '@/slices/cases/texts'
import { texts as contacts } from '@/slices/contacts/texts'
import { texts as identity } from '@/slices/identity/texts'
import { texts as insight } from '@/slices/insight/texts'
import { texts as messages } from '@/slices/messages/texts'
import { texts as voice } from '@/slices/voice/texts'
import { floorTexts } from '@/slices/voice/texts.floor'

const desk: Texts = {
  desk: {
    title: ['一号 · 12345 工作台', 'Yihao · 12345 desk'],
    nav: ['主导航', 'Main navigation'],
    collapse: ['收起或展开导航', 'Collapse or expand navigation'],
    menu: ['打开导航', 'Open navigation'],
    bell: ['待办 {n} 件', '{n} to do'],
    bell_new: ['新的待办：{number}', 'New task: {number}'],
    bell_rating: ['收到一条差评，请跟进。', 'A bad rating came in and waits for a follow-up.'],
    account: ['账号菜单', 'Account menu'],
    help: ['快捷键帮助', 'Hot keys'],
    help_asked: ['{name}（座席 {seat}）请求协助：{note}', '{name} (seat {seat}) asks for help: {note}'],
    help_hint: ['在输入框以外按下即可。带 ★ 的在任何地方都有效。', 'Press anywhere outside a field. Those with ★ work everywhere.'],
    offline: ['与服务器的实时连接已断开，正在重连…', 'Live updates are interrupted, reconnecting…'],
    change_password: ['请尽快修改初始密码。', 'Please change your first password.'],
    forbidden: ['没有权限', 'Not allowed'],
    not_found: ['页面不存在', 'No such page'],
    home: ['回到首页', 'Go to the start page'],
    theme_light: ['浅色', 'Light'],
    theme_dark: ['深色', 'Dark'],
    group: {
      work: ['受理', 'Work'],
      cases: ['工单', 'Orders'],
      voice: ['话务', 'Calls'],
      insight: ['分析', 'Insight'],
      admin: ['系统管理', 'Administration'],
    },
  },
  nav: {
    work: ['受理工作台', 'Agent desk'],
    tasks: ['我的待办', 'To-do list'],
    cases: ['工单查询', 'Orders'],
    ratings: ['差评跟进', 'Bad ratings'],
    calls: ['通话记录', 'Calls'],
    missed: ['未接来电', 'Missed calls'],
    floor: ['现场监控', 'Floor'],
    queues: ['队列', 'Queues'],
    numbers: ['VIP 与黑名单', 'VIP and blacklist'],
    running: ['实时通话', 'Running calls'],
    phone_book: ['电话簿', 'Phone book'],
    standard_phrases: ['标准用语', 'Standard phrases'],
    callbacks: ['回电', 'Call-backs'],
    messages: ['语音留言', 'Voicemail'],
    surveys: ['通话评价', 'Call ratings'],
    callflows: ['呼叫流程', 'Call flows'],
    prompts: ['语音素材', 'Prompts'],
    contacts: ['服务对象', 'Citizens'],
    overview: ['运行总览', 'Overview'],
    units: ['单位', 'Units'],
    people: ['人员', 'People'],
    roles: ['角色权限', 'Roles'],
    seats: ['座席', 'Seats'],
    categories: ['事项分类', 'Categories'],
    catalogue: ['派单目录', 'Dispatch catalogue'],
    flows: ['流程设计', 'Flows'],
    limit_rules: ['时限规则', 'Limit rules'],
    notice_rules: ['消息规则', 'Notice rules'],
    dictionary: ['数据字典', 'Dictionary'],
    parameters: ['系统参数', 'Parameters'],
    calendar: ['工作日历', 'Calendar'],
    audit: ['审计日志', 'Audit log'],
    sessions: ['在线会话', 'Sessions'],
    topics: ['热点事件', 'Hot topics'],
    chats: ['会话记录', 'Chats'],
    robot: ['机器人训练', 'Robot training'],
    models: ['智能模型', 'What is learnt'],
  },
  keys: {
    help: ['显示快捷键', 'Show hot keys'],
    go_work: ['前往受理工作台', 'Go to the agent desk'],
    go_tasks: ['前往我的待办', 'Go to the to-do list'],
    go_cases: ['前往工单查询', 'Go to orders'],
    go_overview: ['前往运行总览', 'Go to the overview'],
    search: ['聚焦搜索框', 'Focus the search field'],
    theme: ['切换深浅色', 'Switch light and dark'],
    answer: ['接听来电', 'Answer the call'],
    hold: ['保持 / 取回', 'Hold / take back'],
    mute: ['静音 / 取消静音', 'Mute / unmute'],
    hang_up: ['挂机', 'Hang up'],
    transfer: ['咨询 / 转接 / 会议', 'Ask, transfer, confer'],
    dial: ['外呼 / 呼叫同事', 'Call somebody'],
    ready: ['置闲 / 置忙', 'Ready / not ready'],
    submit: ['提交表单', 'Submit the form'],
    rows: ['在列表行之间移动', 'Move between rows'],
    open: ['打开所选行', 'Open the selected row'],
  },
}

/** Every text of the staff's pages. */
export const deskTexts: Texts = { ...common, ...desk, ...identity, ...contacts, ...cases, ...bot, ...voice, ...floorTexts, ...insight, ...messages }
