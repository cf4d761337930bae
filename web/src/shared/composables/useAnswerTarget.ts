import { onBeforeUnmount, onMounted, shallowRef } from 'vue'

/** Takes a text over, such as into the order that is being written. */
export type TakeText = (text: string) => void

/** Where a found answer can be pasted now; nothing while no form is open. */
export const answerTarget = shallowRef<TakeText>()

/** Offers the calling component as the place for found answers, for as long as it lives. */
export function useAnswerTarget(take: TakeText): void {
  onMounted(() => (answerTarget.value = take))
  onBeforeUnmount(() => {
    if (answerTarget.value === take) answerTarget.value = undefined
  })
}
