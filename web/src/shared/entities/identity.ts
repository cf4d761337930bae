/** Who is signed in, and the people, units, roles and settings behind it. */

export type Scope = 'own' | 'unit' | 'subtree' | 'all'

export interface Me {
  person_id: string
  account: string
  name: string
  job_no?: string | null
  unit_id: string
  unit_name: string
  unit_level: number
  roles: { id: string; name: string }[]
  capabilities: Record<string, Scope>
  masks: string[]
  totp_enabled: boolean
  must_change_password?: boolean
  lang?: string
}

export interface Unit {
  id: string
  parent_id: string | null
  level: number
  code: string
  name: string
  kind?: string | null
  path: string
  active: boolean
  version: number
  phone?: string | null
}

export interface Person {
  id: string
  account: string
  name: string
  job_no?: string | null
  phone?: string | null
  unit_id: string
  unit_name?: string
  roles: (string | { id: string; name: string })[]
  active: boolean
  locked_until?: number | null
  locked?: boolean
  last_login_at?: number | null
  version: number
}

export interface Role {
  id: string
  name: string
  name_en?: string
  grants: Record<string, Scope> | { capability: string; scope: Scope }[]
  masks?: string[]
  exclusive_group?: string | null
  fixed?: boolean
  version?: number
}

export interface Capability {
  name: string
  label?: string
  zh?: string
  en?: string
  scoped: boolean
}

export interface Seat {
  id: string
  no: string
  name: string
  unit_id: string
  person_id?: string | null
  person_name?: string | null
  skills?: string[]
  active?: boolean
  version?: number
}

export interface DictionaryEntry {
  kind: string
  code: string
  name?: string
  zh?: string
  en?: string
  name_en?: string
  sort?: number
  active?: boolean
  version?: number
}

export interface Parameter {
  key: string
  value: unknown
  default?: unknown
  kind?: string
  label?: string
  description?: string
  unit?: string
  min?: number
  max?: number
  version: number
}

export interface AuditRow {
  seq: number
  at: number
  actor_name?: string
  actor?: { id?: string; name?: string; kind?: string } | string
  action: string
  subject_kind?: string
  subject_id?: string
  subject?: string
  ip?: string | null
  detail?: unknown
  hash?: string
}

export interface DemoAccounts {
  demo?: boolean
  password?: string
  accounts?: { account: string; name?: string; role_name: string; hint?: string; password?: string }[]
}
