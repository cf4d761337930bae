/** Our extension elements, as the modeller needs to know them so that it keeps them. */
const text = (name: string) => ({ name, isAttr: true, type: 'String' })
const type = (name: string, attributes: string[], more: object[] = []) => ({
  name,
  superClass: ['Element'],
  properties: [...attributes.map(text), ...more],
})

export const moddle = {
  name: 'yihao',
  uri: 'https://yihao.city/bpmn/1.0',
  prefix: 'yihao',
  xml: { tagAlias: 'lowerCase' },
  associations: [],
  types: [
    type('Candidates', ['capability', 'of', 'variable']),
    type('Form', ['key']),
    type('Action', ['name', 'zh', 'en', 'completes']),
    type('Limit', ['working_days', 'duration', 'rule']),
    type('Service', ['name']),
    type('Timer', ['working_days', 'at']),
    type('Variable', ['name', 'value']),
    type('Property', ['name', 'value']),
    type('Several', ['list', 'item', 'completes', 'share', 'action', 'result']),
    type('Row', ['when', 'value']),
    type('Decision', ['result'], [{ name: 'rows', isMany: true, type: 'Row' }]),
  ],
}
