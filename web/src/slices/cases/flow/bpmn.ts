/**
 * Loads bpmn-js when a drawing is first shown: it is large, and few people ever draw.
 * Its mark stays visible, as its licence asks.
 */
import { moddle } from './moddle'
import { zh } from './zh'

/** A node of the file, as the modeller keeps it: attributes by name, and its type. */
export interface ModdleElement {
  $type: string
  $parent?: ModdleElement
  id?: string
  name?: string
  [key: string]: unknown
}
/** What is drawn for a node. */
export interface DrawnElement {
  id: string
  type: string
  parent?: DrawnElement
  labelTarget?: DrawnElement
  businessObject: ModdleElement
  x: number
  y: number
  width: number
  height: number
}
export interface BpmnViewer {
  importXML(xml: string): Promise<{ warnings: unknown[] }>
  saveXML(options: { format: boolean }): Promise<{ xml?: string }>
  saveSVG(): Promise<{ svg: string }>
  // The modeller's services have no common type.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  get<T = any>(service: string): T
  on(event: string, handler: (event: { element?: DrawnElement; newSelection?: DrawnElement[] }) => void): void
  destroy(): void
}

/** An empty drawing with a start event. */
export function emptyDrawing(name: string, title: string): string {
  const safe = (text: string) => text.replace(/[&<>"]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[c] ?? c)
  return `<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:bpmndi="http://www.omg.org/spec/BPMN/20100524/DI" xmlns:dc="http://www.omg.org/spec/DD/20100524/DC" xmlns:di="http://www.omg.org/spec/DD/20100524/DI" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:yihao="https://yihao.city/bpmn/1.0" id="definitions_${name}" targetNamespace="https://yihao.city/flows">
  <bpmn:process id="${name.replace(/-/g, '_')}" name="${safe(title)}" isExecutable="true">
    <bpmn:extensionElements>
      <yihao:variable name="answered_at_once" value="false" />
      <yihao:variable name="source" value="&quot;phone&quot;" />
      <yihao:variable name="unit_id" value="null" />
    </bpmn:extensionElements>
    <bpmn:startEvent id="start" name="登记工单" />
  </bpmn:process>
  <bpmndi:BPMNDiagram id="diagram_${name}">
    <bpmndi:BPMNPlane id="plane_${name}" bpmnElement="${name.replace(/-/g, '_')}">
      <bpmndi:BPMNShape id="start_di" bpmnElement="start">
        <dc:Bounds x="180" y="180" width="36" height="36" />
      </bpmndi:BPMNShape>
    </bpmndi:BPMNPlane>
  </bpmndi:BPMNDiagram>
</bpmn:definitions>
`
}

/** The drawing tool, or the mere viewer. */
export async function openDrawing(container: HTMLElement, options: { edit: boolean; chinese: boolean }): Promise<BpmnViewer> {
  await Promise.all([
    import('bpmn-js/dist/assets/diagram-js.css'),
    import('bpmn-js/dist/assets/bpmn-js.css'),
    import('bpmn-js/dist/assets/bpmn-font/css/bpmn-embedded.css'),
  ])
  const { default: Tool } = options.edit ? await import('bpmn-js/lib/Modeler') : await import('bpmn-js/lib/NavigatedViewer')
  const words = {
    translate: [
      'value',
      (template: string, values: Record<string, string> = {}) => {
        const text = options.chinese ? (zh[template] ?? template) : template
        return text.replace(/\{([^}]+)\}/g, (whole, key: string) => {
          const value = values[key] ?? whole
          return options.chinese ? (zh[value] ?? value) : value
        })
      },
    ],
  }
  return new Tool({ container, moddleExtensions: { yihao: moddle }, additionalModules: [words] })
}

/** The colours of marks on a drawing; the classes stand in `FlowCanvas`. */
export type Mark = 'fault' | 'here' | 'way' | 'added' | 'changed' | 'removed'

export function mark(viewer: BpmnViewer, marks: Record<string, Mark>, before: Record<string, Mark>): void {
  const canvas = viewer.get('canvas')
  const known = viewer.get('elementRegistry')
  for (const [id, old] of Object.entries(before)) {
    if (known.get(id)) canvas.removeMarker(id, `flow-${old}`)
  }
  for (const [id, now] of Object.entries(marks)) {
    if (known.get(id)) canvas.addMarker(id, `flow-${now}`)
  }
}
