/** The demonstration city as its files tell it: who has which role, which unit does what. */
import { readFileSync } from 'node:fs'

function read(name) {
  return JSON.parse(readFileSync(new URL(`../../crates/server/demo/${name}`, import.meta.url), 'utf8'))
}

const people = read('people.json')
const units = read('units.json').units
const { name: cityName } = read('city.json')

/** The one password of all demonstration accounts. */
export const PASSWORD = people.demo_password
export const CITY = cityName

/** The account shown for a role. */
export function account(role) {
  const found = people.demo_accounts.find((entry) => entry.role === role)
  if (!found) throw new Error(`the demonstration city shows no account with the role ${role}`)
  return found.account
}

/** All accounts with a role. */
export function accounts(role) {
  return people.people.filter((person) => person.roles.includes(role)).map((person) => person.account)
}

/** All accounts that the sign-in page shows. */
export const SHOWN = people.demo_accounts

/** The unit of an account. */
export function unitOf(name) {
  const person = people.people.find((one) => one.account === name)
  return units.find((unit) => unit.code === person.unit)
}

/** The names of all accounts; some look like keys of texts. */
export const EVERYBODY = people.people.map((person) => person.account)
