import { describe, expect, it } from 'vitest'
import { compare, exitsOf, FIELDS, KINDS, newNode, type Flow } from '../callflow/graph'
import { wavOf } from '../callflow/sound'
import { flowTexts } from '../callflow/texts'
import { useHistory } from '../callflow/useHistory'

const graph = (): Flow => ({
  schema: 1,
  start: 'a',
  nodes: [
    { id: 'a', kind: 'menu', name: '主菜单', x: 0, y: 0, props: { keys: ['1', '2'] }, exits: { '1': 'b', '2': 'b', timeout: 'b' } },
    { id: 'b', kind: 'hang_up', name: '', x: 0, y: 0, props: {}, exits: {} },
  ],
})

describe('the graph of a call flow', () => {
  it('has a name for every kind, field and exit that can be shown', () => {
    const flows = flowTexts.flows as unknown as Record<string, Record<string, unknown>>
    for (const kind of KINDS) {
      expect(flows.kinds, kind).toHaveProperty(kind)
      for (const field of FIELDS[kind] ?? []) expect(flows.field, field.key).toHaveProperty(field.key)
      for (const exit of exitsOf(newNode({ schema: 1, start: '', nodes: [] }, kind, 0, 0)).filter((one) => /^[a-z_]+$/.test(one))) expect(flows.exit, exit).toHaveProperty(exit)
    }
  })

  it('undoes and redoes, and joins what is typed in one go', () => {
    const { flow, load, change, undo, redo, canUndo, isChanged } = useHistory()
    load(graph())
    change('name', (now) => (now.nodes[0]!.name = '主'))
    change('name', (now) => (now.nodes[0]!.name = '主单'))
    change('', (now) => now.nodes.push(newNode(now, 'play', 0, 0)))
    expect(flow.value.nodes).toHaveLength(3)
    undo()
    expect([flow.value.nodes.length, flow.value.nodes[0]!.name]).toEqual([2, '主单'])
    undo()
    expect([flow.value.nodes[0]!.name, canUndo.value, isChanged.value]).toEqual(['主菜单', false, false])
    redo()
    expect(flow.value.nodes[0]!.name).toBe('主单')
  })

  it('drops connections of keys and nodes that are gone', () => {
    const { flow, load, change } = useHistory()
    load(graph())
    change('', (now) => (now.nodes[0]!.props.keys = ['1']))
    expect(flow.value.nodes[0]!.exits).toEqual({ '1': 'b', timeout: 'b' })
    change('', (now) => (now.nodes = now.nodes.filter((node) => node.id !== 'a')))
    expect(flow.value.start).toBe('b')
  })

  it('compares versions node by node, wherever the nodes stand', () => {
    const [before, after] = [graph(), graph()]
    after.nodes[0]!.x = 500
    expect(compare(before, after)).toEqual([])
    after.nodes[0]!.name = '新菜单'
    after.nodes.push(newNode(after, 'play', 0, 0))
    expect(compare(before, after).map(({ kind, name }) => `${kind} ${name}`)).toEqual(['changed 新菜单', 'added play_3'])
  })

  it('makes a WAV file of what was recorded', async () => {
    const file = wavOf(new Float32Array([0, 1, -1]), 48_000)
    const view = new DataView(await file.arrayBuffer())
    expect([file.size, view.getUint32(24, true), view.getInt16(46, true), view.getInt16(48, true)]).toEqual([50, 48_000, 32_767, -32_767])
  })
})
