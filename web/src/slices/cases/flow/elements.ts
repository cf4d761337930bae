/** The elements of a drawing on which an order can rest. */
const RESTING = ['userTask', 'serviceTask', 'receiveTask', 'callActivity', 'subProcess', 'intermediateCatchEvent', 'parallelGateway', 'inclusiveGateway', 'eventBasedGateway']

export function elementsOf(xml: string): { id: string; name: string }[] {
  const file = new DOMParser().parseFromString(xml, 'application/xml')
  const found: { id: string; name: string }[] = []
  for (const node of file.getElementsByTagName('*')) {
    const id = node.getAttribute('id')
    const kind = node.localName ?? node.tagName.split(':').pop()
    if (id && kind && RESTING.includes(kind)) found.push({ id, name: node.getAttribute('name') || id })
  }
  return found
}
