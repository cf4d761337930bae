/** Who is signed in, and the people, units, roles and settings behind it. */
import type { components } from '@/api/schema'

type Schemas = components['schemas']

export type Scope = Schemas['Scope']
export type Me = Schemas['Me']
export type Unit = Schemas['Unit']
/** What hangs on a unit. */
export type DissolutionPreview = Schemas['DissolutionPreview']
/** How far a dissolved unit has been handed over. */
export type Succession = Schemas['SuccessionView']
export type Person = Schemas['Person']
export type Role = Schemas['Role']
/** What a new version grants a role that was changed here. */
export type RoleNews = Schemas['RoleNews']
export type Capability = Schemas['CapabilityInfo']
/** As the list has it; `POST` and `PATCH` answer without the name of whoever sits there. */
export type Seat = Schemas['Seat'] & { person_name?: string | null }
export type Session = Schemas['Session']
export type DictionaryEntry = Schemas['DictionaryEntry']
/** Its value is whatever the parameter's `kind` says, so that it stays `unknown`. */
export type Parameter = Schemas['ParameterInfo']
export type AuditRow = Schemas['AuditEntry']
export type Verification = Schemas['Verification']
