/**
 * Runs a form's script in a worker of its own: the page's own realm never evaluates it. The surroundings are the
 * same text that the server runs the script in; what the server says counts.
 */
import surroundings from '../../../../crates/forms/src/script.js?raw'
import type { Answers, Effects } from './schema'

const PATIENCE_MS = 1000

export interface RunInput { answers: Answers; keys?: string[]; today: string; node: string; roles: string[] }
export interface ScriptFault { message: string; line?: number }

/** What talks to the page is taken hold of before the surroundings take it away. */
const BEGIN = `const yihaoPost = postMessage.bind(globalThis);
addEventListener('message', (event) => {
  try { yihaoPost({ said: yihaoRun(event.data) }) } catch (cause) { yihaoPost({ fault: String((cause && cause.message) || cause) }) }
});
const yihaoRun = `

/** The text of the worker, and the line before the author's first. */
export function workerText(script: string): { text: string; before: number } {
  const head = `${BEGIN}${surroundings.trim()};\n(function(){'use strict';\n`
  return { text: `${head}${script}\n})();`, before: head.split('\n').length - 1 }
}

export class FormRunner {
  private worker?: Worker
  private address?: string
  private dead?: ScriptFault

  constructor(private readonly script: string) {}

  /** Runs the rules; a run that is too long ends the worker and is a fault from then on. */
  async run(input: RunInput): Promise<Effects> {
    if (this.dead) throw this.dead
    const { text, before } = workerText(this.script)
    if (!this.worker) {
      this.address = URL.createObjectURL(new Blob([text], { type: 'text/javascript' }))
      this.worker = new Worker(this.address)
    }
    const worker = this.worker
    return new Promise<Effects>((resolve, reject) => {
      const timer = setTimeout(() => fail({ message: 'timeout' }), PATIENCE_MS)
      const fail = (fault: ScriptFault) => {
        clearTimeout(timer)
        this.dead = fault
        this.dispose()
        reject(fault)
      }
      worker.onmessage = (event: MessageEvent<{ said?: string; fault?: string }>) => {
        clearTimeout(timer)
        if (event.data.said === undefined) reject({ message: event.data.fault ?? '' } satisfies ScriptFault)
        else resolve(JSON.parse(event.data.said) as Effects)
      }
      worker.onerror = (event) => {
        event.preventDefault()
        fail({ message: event.message, line: event.lineno > before ? event.lineno - before : undefined })
      }
      worker.postMessage(JSON.stringify(input))
    })
  }

  dispose(): void {
    this.worker?.terminate()
    this.worker = undefined
    if (this.address) URL.revokeObjectURL(this.address)
    this.address = undefined
  }
}
