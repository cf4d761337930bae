/** Reads and writes what our extension says of an element. Every change can be undone in the drawing tool. */
import type { BpmnViewer, DrawnElement, ModdleElement } from './bpmn'

type Values = Record<string, string | undefined>
export type OwnType = 'Candidates' | 'Form' | 'Action' | 'Limit' | 'Service' | 'Timer' | 'Variable' | 'Property' | 'Several' | 'Decision'

const valuesOf = (owner: ModdleElement): ModdleElement[] => {
  const list = owner.extensionElements as ModdleElement | undefined
  return (list?.values as ModdleElement[] | undefined) ?? []
}

/** The extension elements of one type, in their order. */
export function ownOf(owner: ModdleElement, type: OwnType): ModdleElement[] {
  return valuesOf(owner).filter((value) => value.$type === `yihao:${type}`)
}

export function textOf(owner: ModdleElement, type: OwnType, attribute: string): string {
  const value = ownOf(owner, type)[0]?.[attribute]
  return typeof value === 'string' ? value : ''
}

/** A property by name. */
export function propertyOf(owner: ModdleElement, name: string): string {
  const found = ownOf(owner, 'Property').find((property) => property.name === name)
  return typeof found?.value === 'string' ? found.value : ''
}

const filled = (values: Values): Values => Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined && value !== ''))

export class Pen {
  constructor(private readonly viewer: BpmnViewer) {}

  /** Puts these elements in place of those of the same type; foreign ones stay. */
  replace(element: DrawnElement, owner: ModdleElement, type: OwnType, entries: Values[], rows: Values[] = []): void {
    const make = this.viewer.get('moddle')
    const others = valuesOf(owner).filter((value) => value.$type !== `yihao:${type}`)
    const list = make.create('bpmn:ExtensionElements', { values: [] }) as ModdleElement
    const own = entries.map((entry) => {
      const one = make.create(`yihao:${type}`, filled(entry)) as ModdleElement
      if (type === 'Decision') one.rows = rows.map((row) => Object.assign(make.create('yihao:Row', filled(row)), { $parent: one }))
      return one
    })
    const values = [...others, ...own]
    for (const value of values) value.$parent = list
    list.values = values
    list.$parent = owner
    this.viewer.get('modeling').updateModdleProperties(element, owner, { extensionElements: values.length ? list : undefined })
  }

  setProperty(element: DrawnElement, name: string, value: string): void {
    const owner = element.businessObject
    const others = ownOf(owner, 'Property').filter((property) => property.name !== name)
    const kept = others.map((property) => ({ name: String(property.name), value: String(property.value ?? '') }))
    this.replace(element, owner, 'Property', value ? [...kept, { name, value }] : kept)
  }

  set(element: DrawnElement, values: Record<string, unknown>): void {
    this.viewer.get('modeling').updateProperties(element, values)
  }

  setWithin(element: DrawnElement, owner: ModdleElement, values: Record<string, unknown>): void {
    this.viewer.get('modeling').updateModdleProperties(element, owner, values)
  }

  expression(text: string): unknown {
    return text.trim() ? this.viewer.get('moddle').create('bpmn:FormalExpression', { body: text.trim() }) : undefined
  }

  /** Gives a message, signal, error or escalation event the thing of this name, making it where there is none. */
  refer(element: DrawnElement, owner: ModdleElement, kind: 'Message' | 'Signal' | 'Error' | 'Escalation', name: string): void {
    const make = this.viewer.get('moddle')
    const definitions = this.viewer.get('canvas').getRootElement().businessObject.$parent as ModdleElement
    const roots = definitions.rootElements as ModdleElement[]
    const attribute = kind === 'Error' ? 'errorCode' : kind === 'Escalation' ? 'escalationCode' : 'name'
    let thing = roots.find((root) => root.$type === `bpmn:${kind}` && root[attribute] === name)
    if (!thing && name) {
      const taken = new Set(roots.map((root) => root.id))
      let number = roots.length
      while (taken.has(`${kind}_${number}`)) number += 1
      const made = make.create(`bpmn:${kind}`, { id: `${kind}_${number}`, name, ...(attribute === 'name' ? {} : { [attribute]: name }) }) as ModdleElement
      made.$parent = definitions
      roots.push(made)
      thing = made
    }
    this.setWithin(element, owner, { [`${kind.toLowerCase()}Ref`]: name ? thing : undefined })
  }

  /** Draws a reminder at the limit of a task: a timer on its border, what it asks for, and an end. */
  drawReminder(host: DrawnElement, at: 'near_due' | 'due', names: { event: string; task: string; end: string }): void {
    const make = this.viewer.get('elementFactory')
    const modeling = this.viewer.get('modeling')
    const shape = make.createShape({ type: 'bpmn:BoundaryEvent', eventDefinitionType: 'bpmn:TimerEventDefinition', cancelActivity: false })
    const place = { x: host.x + (at === 'due' ? 25 : host.width - 25), y: host.y + host.height }
    const event = modeling.createShape(shape, place, host, { attach: true }) as DrawnElement
    this.set(event, { name: names.event })
    this.replace(event, (event.businessObject.eventDefinitions as ModdleElement[])[0]!, 'Timer', [{ at }])
    const task = modeling.appendShape(event, { type: 'bpmn:ServiceTask' }, { x: place.x, y: place.y + 110 }) as DrawnElement
    this.set(task, { name: names.task })
    this.replace(task, task.businessObject, 'Service', [{ name: at === 'due' ? 'case.alarm_overdue' : 'case.remind_near_due' }])
    const end = modeling.appendShape(task, { type: 'bpmn:EndEvent' }, { x: place.x, y: place.y + 220 }) as DrawnElement
    this.set(end, { name: names.end })
  }
}

/** The completing actions that the behaviours of orders use at each step. */
export const STEP_ACTIONS: Record<string, { name: string; zh: string; en: string; completes?: string }[]> = {
  review: [{ name: 'pass', zh: '通过', en: 'Pass' }, { name: 'reject', zh: '退回修改', en: 'Send back' }],
  revise: [{ name: 'submit', zh: '重新提交', en: 'Submit again' }],
  dispatch: [{ name: 'dispatch', zh: '派单', en: 'Dispatch' }],
  accept: [{ name: 'accept', zh: '签收', en: 'Accept' }, { name: 'return', zh: '退回中心', en: 'Return' }],
  handle: [{ name: 'feedback', zh: '反馈结果', en: 'Report the result' }, { name: 'assign', zh: '转下级办理', en: 'Pass down', completes: 'false' }, { name: 'return', zh: '退回中心', en: 'Return' }],
  result_review: [{ name: 'pass', zh: '通过', en: 'Pass' }, { name: 'back', zh: '退回重办', en: 'Back to the unit' }],
  return_visit: [{ name: 'done', zh: '回访完成', en: 'Done' }, { name: 'redo', zh: '重新派单', en: 'Dispatch again' }],
  archive: [{ name: 'close', zh: '归档', en: 'Archive' }],
}
/** Who does each step where nothing else is drawn. */
export const STEP_CANDIDATES: Record<string, Values> = {
  review: { capability: 'case.review' },
  revise: { of: 'creator' },
  dispatch: { capability: 'case.dispatch' },
  accept: { capability: 'case.accept', of: 'unit', variable: 'unit_id' },
  handle: { capability: 'case.handle', of: 'unit', variable: 'unit_id' },
  result_review: { capability: 'case.result_review' },
  return_visit: { capability: 'case.return_visit' },
  archive: { capability: 'case.close' },
}
export const STEPS = Object.keys(STEP_ACTIONS)
