import type { AgentLike, LineConfig } from './line'

/** The address of a WebSocket on the host that served this page. */
export function socketUrl(path: string): string {
  if (/^wss?:/.test(path)) return path
  return `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}${path}`
}

/** JsSIP's user agent; loaded only when somebody telephones. */
export async function makeJsSipAgent(config: LineConfig): Promise<AgentLike> {
  const { default: JsSIP } = await import('jssip')
  JsSIP.debug.disable()
  return new JsSIP.UA({
    sockets: [new JsSIP.WebSocketInterface(config.url)],
    uri: config.uri,
    authorization_user: config.user,
    password: config.password ?? '',
    realm: config.realm,
    display_name: config.displayName,
    register: config.register,
    register_expires: 120,
    session_timers: false,
    connection_recovery_min_interval: 1,
    connection_recovery_max_interval: 8,
    user_agent: 'yihao-web',
  }) as unknown as AgentLike
}
