import type { Texts } from '@/shared/i18n/pairs'

export const texts: Texts = {
  contacts: {
    title: ['服务对象', 'Citizens'],
    search: ['姓名、地址', 'Name, address'],
    phone: ['电话号码', 'Phone number'],
    new: ['新建档案', 'New file'],
    edit: ['编辑档案', 'Edit file'],
    name: ['姓名', 'Name'],
    gender: ['称呼', 'Form of address'],
    phones: ['电话', 'Phones'],
    primary: ['主要', 'main'],
    add_phone: ['添加电话', 'Add phone'],
    remove_phone: ['删除号码 {number}？', 'Remove {number}?'],
    address: ['地址', 'Address'],
    district: ['区域', 'District'],
    note: ['备注', 'Note'],
    tags: ['标签', 'Tags'],
    tags_hint: ['以逗号分隔', 'Separated by commas'],
    created: ['建档时间', 'Since'],
    history: ['联系记录', 'History'],
    empty: ['没有符合条件的档案', 'No files match'],
    no_history: ['没有联系记录', 'No history'],
  },
}
