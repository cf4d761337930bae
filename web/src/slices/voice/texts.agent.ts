import type { Texts } from '@/shared/i18n/pairs'

/** Texts of agents' own phrases and of the city's own fields of summaries. */
export const agentTexts: Texts = {
  own_phrases: {
    title: ['我的语音', 'My phrases'],
    manage: ['管理我的语音', 'My phrases …'],
    name: ['名称', 'Name'],
    name_hint: ['例如：办理材料说明', 'For instance: papers needed'],
    need: ['请填写名称', 'A name is needed'],
    text: ['文字（由语音合成朗读）', 'Words, spoken by the voice'],
    text_hint: ['不填文字时，可以录音或上传 WAV', 'Or record, or upload a WAV'],
    rename: ['改名', 'Rename'],
    empty: ['还没有自己的语音。通话中可以一键播放给市民听。', 'No phrases of your own yet. They are played to the citizen by a click.'],
  },
  summary_fields: {
    title: ['小结字段', 'Summary fields'],
    note: ['话务员在通话小结里填写的字段，显示在通话记录和导出表中。停用的字段不再填写，已有内容保留。', 'What agents fill in about a call; shown in the list of calls and its export. A field that is switched off keeps what was written.'],
    add: ['添加字段', 'Add a field'],
    key: ['编号', 'Key'],
    key_hint: ['小写字母开头，保存后不能改', 'Lower-case letters; fixed once saved'],
    zh: ['名称', 'Name'],
    en: ['英文名称', 'English name'],
    kind: ['类型', 'Kind'],
    kinds: { text: ['文字', 'Words'], choice: ['单选', 'Choice'], number: ['数字', 'Number'], date: ['日期', 'Date'], yes_no: ['是/否', 'Yes or no'] },
    options: ['选项（每行一个）', 'Choices, one a line'],
    required: ['必填', 'Needed'],
    active: ['使用', 'In use'],
    up: ['上移', 'Up'],
    empty: ['还没有自定义字段，通话小结只有结果和备注。', 'No fields yet: a summary is result and note.'],
    choose: ['请选择', 'Choose'],
    yes: ['是', 'Yes'],
    no: ['否', 'No'],
    unsaved: ['有未保存的修改', 'There are unsaved changes'],
  },
}
