import path from 'path'
import { fileURLToPath } from 'url'
import dotenv from 'dotenv'

const here = path.dirname(fileURLToPath(import.meta.url))
dotenv.config({ path: path.resolve(here, 'config/dev.env'), quiet: true })

export default { server: { port: Number(process.env.WEB_PORT), host: process.env.WEB_HOST } }
