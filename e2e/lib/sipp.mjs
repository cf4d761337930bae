/** Calls from a SIP trunk with SIPp; sound is sent and heard by a `Telephone` beside it. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after } from 'node:test'
import { freeUdpPort, start, stop, until } from './processes.mjs'
import { Telephone } from './rtp.mjs'
import { scratch } from './server.mjs'

// A call that a failed test left behind would keep the whole file waiting.
const calls = new Set()
after(() => Promise.all([...calls].map((call) => call.drop())))

/**
 * Dials the hotline. `hangUpAfterMs` ends the call from the citizen's side;
 * without it the citizen stays until the other side ends the call.
 */
export async function dial(server, { from = '13800000001', to = '12345', hz = 440, hangUpAfterMs } = {}) {
  const telephone = await Telephone.open({ hz })
  const folder = scratch('sipp')
  const scenario = join(folder, 'citizen.xml')
  writeFileSync(scenario, citizen(hangUpAfterMs))
  const port = await freeUdpPort()
  const child = start('sipp', [
    `127.0.0.1:${server.sipPort}`,
    ...['-sf', scenario, '-i', '127.0.0.1', '-p', String(port), '-m', '1', '-s', to],
    ...['-key', 'caller', from, '-key', 'rtp_port', String(telephone.port)],
    ...['-nostdin', '-trace_err', '-trace_msg', '-timeout', '180s', '-timeout_error'],
  ], { cwd: folder, env: { ...process.env, TERM: 'xterm' } })
  const call = {
    telephone,
    child,
    /** Waits until the server took the call: sound comes. */
    answered: () => until('the citizen hears something', () => telephone.heard > 10),
    /** Waits until the call is over; fails when SIPp saw anything unexpected. */
    async over(limitMs = 30_000) {
      const late = setTimeout(() => child.kill('SIGKILL'), limitMs)
      const { code } = await child.ended
      clearTimeout(late)
      release()
      if (code !== 0) throw new Error(`SIPp ended with ${code}:\n${errors(child.output)}`)
    },
    /** Ends SIPp whatever the call's state. */
    async drop() {
      await stop(child, 'SIGKILL')
      release()
    },
  }
  function release() {
    if (calls.delete(call)) telephone.close()
  }
  calls.add(call)
  return call
}

function errors(output) {
  return output.replaceAll('\u001b', '').slice(-3000)
}

function citizen(hangUpAfterMs) {
  const end = hangUpAfterMs === undefined
    ? `
  <recv request="BYE" timeout="170000"/>
  <send><![CDATA[
    SIP/2.0 200 OK
    [last_Via:]
    [last_From:]
    [last_To:]
    [last_Call-ID:]
    [last_CSeq:]
    Contact: <sip:[caller]@[local_ip]:[local_port]>
    Content-Length: 0

  ]]></send>`
    : `
  <pause milliseconds="${hangUpAfterMs}"/>
  <send retrans="500"><![CDATA[
    BYE [next_url] SIP/2.0
    Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
    From: <sip:[caller]@[local_ip]>;tag=[pid]t[call_number]
    [last_To:]
    Call-ID: [call_id]
    CSeq: 2 BYE
    Max-Forwards: 70
    Content-Length: 0

  ]]></send>
  <recv response="200"/>`
  return `<?xml version="1.0" encoding="UTF-8"?>
<scenario name="citizen">
  <send retrans="500"><![CDATA[
    INVITE sip:[service]@[remote_ip]:[remote_port] SIP/2.0
    Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
    From: <sip:[caller]@[local_ip]>;tag=[pid]t[call_number]
    To: <sip:[service]@[remote_ip]:[remote_port]>
    Call-ID: [call_id]
    CSeq: 1 INVITE
    Contact: <sip:[caller]@[local_ip]:[local_port]>
    Max-Forwards: 70
    Allow: INVITE, ACK, BYE, CANCEL, OPTIONS
    Content-Type: application/sdp
    Content-Length: [len]

    v=0
    o=citizen 1 1 IN IP4 [local_ip]
    s=-
    c=IN IP4 [local_ip]
    t=0 0
    m=audio [rtp_port] RTP/AVP 8 101
    a=rtpmap:8 PCMA/8000
    a=rtpmap:101 telephone-event/8000
    a=fmtp:101 0-15
    a=ptime:20
    a=sendrecv

  ]]></send>
  <recv response="100" optional="true"/>
  <recv response="180" optional="true"/>
  <recv response="183" optional="true"/>
  <recv response="200" rrs="true" timeout="30000"/>
  <send><![CDATA[
    ACK [next_url] SIP/2.0
    Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
    From: <sip:[caller]@[local_ip]>;tag=[pid]t[call_number]
    [last_To:]
    Call-ID: [call_id]
    CSeq: 1 ACK
    Max-Forwards: 70
    Content-Length: 0

  ]]></send>${end}
</scenario>
`
}
