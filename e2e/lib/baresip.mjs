/** Calls with baresip, a telephone of other people's making: plays a WAV and records what it hears. */
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freeUdpPort, start, stop } from './processes.mjs'
import { scratch } from './server.mjs'
import { readWav, tone, writeWav } from './sound.mjs'

const MODULES = ['/usr/lib/baresip/modules', '/usr/lib/x86_64-linux-gnu/baresip/modules']

/** Dials `to` and speaks a tone; `hangUp` ends the call and gives what was heard. */
export async function dial(server, { from = '13900000002', to = '12345', hz = 440 } = {}) {
  const folder = scratch('baresip')
  const port = await freeUdpPort()
  writeWav(join(folder, 'voice.wav'), tone(hz, 60, 8000), 8000)
  mkdirSync(join(folder, 'heard'))
  writeFileSync(join(folder, 'config'), [
    `sip_listen 127.0.0.1:${port}`,
    `module_path ${MODULES.find((path) => existsSync(path))}`,
    'module account.so',
    'module menu.so',
    'module stdio.so',
    'module g711.so',
    'module aufile.so',
    'module sndfile.so',
    `audio_source aufile,${join(folder, 'voice.wav')}`,
    `audio_player aufile,${join(folder, 'unused.wav')}`,
    'audio_alert none',
    `snd_path ${join(folder, 'heard')}`,
    'audio_srate 8000-8000',
    'audio_channels 1-1',
    // Named outright, because a machine without a network has no default interface.
    'net_interface 127.0.0.1',
    'call_max_calls 1',
    '',
  ].join('\n'))
  writeFileSync(join(folder, 'accounts'), `<sip:${from}@127.0.0.1>;regint=0;audio_codecs=PCMA/8000/1;answermode=manual\n`)
  writeFileSync(join(folder, 'contacts'), '')
  const child = start('baresip', [
    ...['-f', folder, '-s', '-e', `/dial sip:${to}@127.0.0.1:${server.sipPort}`],
  ], { cwd: folder })
  return {
    child,
    async hangUp() {
      // `b` hangs up, `q` quits and writes the files.
      child.stdin.write('b')
      await new Promise((resolve) => setTimeout(resolve, 500))
      child.stdin.write('q')
      const late = setTimeout(() => stop(child, 'SIGTERM', 2_000), 3_000)
      await child.ended
      clearTimeout(late)
      const heard = readdirSync(join(folder, 'heard')).find((name) => name.endsWith('dec.wav'))
      return heard ? readWav(join(folder, 'heard', heard)) : undefined
    },
  }
}
