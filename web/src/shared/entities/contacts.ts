/** The citizen's file. */

export interface ContactPhone {
  id: string
  number: string
  masked?: string | boolean
  primary: boolean
}

export interface Contact {
  id: string
  name: string
  gender?: string | null
  phones: ContactPhone[]
  address?: string | null
  district?: string | null
  note?: string | null
  tags: string[]
  version: number
  created_at: number
}
