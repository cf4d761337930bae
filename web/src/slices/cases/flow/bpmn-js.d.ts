/** The parts of bpmn-js that the designer uses. */
declare module 'bpmn-js/lib/Modeler' {
  import type { BpmnViewer } from '@/slices/cases/flow/bpmn'
  const Modeler: new (options: object) => BpmnViewer
  export default Modeler
}
declare module 'bpmn-js/lib/NavigatedViewer' {
  import type { BpmnViewer } from '@/slices/cases/flow/bpmn'
  const NavigatedViewer: new (options: object) => BpmnViewer
  export default NavigatedViewer
}
