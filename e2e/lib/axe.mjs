/** Accessibility of a screen by the rules of WCAG 2.2 A and AA, as far as a machine can tell. */
import assert from 'node:assert/strict'
import axe from 'axe-core'

const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']
const WRONG = ['serious', 'critical']

/** Nobody is kept from using the page: fails with every finding, where it is, and what is missing. */
export async function assertAccessible(page, where) {
  await page.evaluate(axe.source)
  let findings = await find(page)
  if (findings.length > 0) {
    // What fades in or is read anew is pale for a moment; what is wrong stays wrong.
    await page.waitForTimeout(1_500)
    findings = await find(page)
  }
  assert.deepEqual(findings, [], `${where}: not accessible`)
}

function find(page) {
  return page.evaluate(
    async ({ rules, wrong }) => {
      const result = await window.axe.run(document, { runOnly: { type: 'tag', values: rules }, resultTypes: ['violations'] })
      const why = (node) => [...node.any, ...node.all, ...node.none].map((check) => check.message).join('; ')
      return result.violations
        .filter((one) => wrong.includes(one.impact))
        .flatMap((one) => one.nodes.map((node) => `${one.id}: ${node.target.join(' ')} · ${why(node)}`))
    },
    { rules: RULES, wrong: WRONG },
  )
}
