import { api } from '@/shared/api'
void api.get('/caces')
void api.put(`/people/${'a'}/role`)
void api.delete(`/people/${'a'}/password`)
void api.put(`/people/${'a'}/roles`)
