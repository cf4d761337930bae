/** What a form knows of the order around it. */
export interface FormContext {
  /** The category of the order that is written. */
  categoryId?: string | null
  /** The district of the order that is written. */
  district?: string
  /** The order, once there is one. */
  caseId?: string
  /** The action with which files become the order's. */
  step?: string
  /** Whether a citizen fills it in: nothing of the office can be looked up. */
  citizen?: boolean
}
