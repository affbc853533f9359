import { randomInt } from 'node:crypto'

export default {
  server: { port: randomInt(5400, 5401), host: '127.0.0.1', proxy: { '/a': 'http://localhost:5402' } },
}
