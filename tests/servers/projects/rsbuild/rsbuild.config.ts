import { defineConfig } from '@rsbuild/core'

const server = { port: 3200 }

export default defineConfig({
  html: { title: 'admin' },
  server,
})
