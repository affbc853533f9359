import { defineConfig } from 'vite'
import { PORTS, host } from './config/ports'
import settings from './settings.json'

export default defineConfig({
  server: {
    host,
    port: PORTS.web,
    proxy: {
      '/api': { target: `http://${host}:${PORTS.api}` },
      '/docs': settings.docs.url,
    },
  },
})
