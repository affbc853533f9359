import { cpus } from 'node:os'

const overrides = cpus().length > 0 ? { port: 5700 } : {}

export default { server: { port: 3000, ...overrides, host: '127.0.0.1' } }
