import { readFileSync } from 'node:fs'

const { port } = JSON.parse(readFileSync(new URL('./ports.json', import.meta.url), 'utf8'))

export default { server: { port, strictPort: true } }
